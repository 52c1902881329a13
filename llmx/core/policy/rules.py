"""Rules on command lines: which may run, which may not, and which only when somebody says yes.

A rule is the beginning of a command: ``git push``, ``npm publish``, ``rm -rf *``. Its first word means a program by its
name, wherever it lies, unless the rule has a slash in it; ``*`` stands for any part of a word. Deny wins over ask, ask
over allow, and where there is an allow list nothing else runs. Rules see through shells, ``env``, ``timeout`` and other
commands that run commands. They are a guard rail: a program can be copied to another name, and a script can do
anything. What cannot be got around is the sandbox.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from llmx.core.policy.words import UNKNOWN, Words
from llmx.core.policy.wrappers import Unwrap, inside

DEEPEST = 30  # commands within commands; what lies deeper is not known
_IN_NAME = 3  # of the words of a command, those in which something unknown could make it another


class Decision(NamedTuple):
    """``verdict``: ``allow``, ``ask`` or ``deny``; the ``rule`` that says so, "" for none; the ``part`` it is about."""

    verdict: str
    rule: str
    part: str


class Command(NamedTuple):
    """Words, and the commands that they run; None where they are a command of their own."""

    words: Words
    runs: "list[Command] | None"
    is_certain: bool


class Rules(NamedTuple):
    """The three lists, as the settings have them."""

    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    ask: Sequence[str] = ()


def decide(words: Words, rules: Rules, *, unwrap_self: Unwrap, is_planted: Callable[[str], bool]) -> Decision:
    """What ``rules`` say about the command ``words``.

    ``unwrap_self`` gives the command of an llm-exec line; ``is_planted`` says of a program whether it lies where the
    commands themselves can write, so that its name says nothing.
    """
    command = read(words, unwrap_self)
    parts = list(_all(command))
    for rule in rules.deny:
        for part in parts:
            if matches(rule, part.words):
                return Decision("deny", rule, shlex.join(part.words))
    for rule in rules.ask:
        for part in parts:
            if matches(rule, part.words):
                return Decision("ask", rule, shlex.join(part.words))
    if (rules.deny or rules.ask) and not all(part.is_certain for part in parts):
        return Decision("ask", "", "what it runs cannot be told for certain")
    if rules.allow and (left := _not_allowed(command, rules.allow, is_planted)):
        return Decision("deny", "", shlex.join(left))
    return Decision("allow", "", "")


def read(words: Words, unwrap_self: Unwrap, depth: int = 0) -> Command:
    """The command with all that it runs."""
    is_certain = not any(UNKNOWN in word for word in words[:_IN_NAME]) and depth < DEEPEST
    found = inside(words, unwrap_self) if depth < DEEPEST else None
    if found is None:
        return Command(words, None, is_certain)
    runs = [read(inner, unwrap_self, depth + 1) for inner in found.commands if inner]
    return Command(words, runs, is_certain and found.is_certain)


def _all(command: Command) -> list[Command]:
    return [command, *(part for inner in command.runs or () for part in _all(inner))]


def _not_allowed(command: Command, allow: Sequence[str], is_planted: Callable[[str], bool]) -> Words:
    """The words of the first part that no rule allows; empty when all of it is."""
    if any(_is_allowed(rule, command.words, is_planted) for rule in allow):
        return []
    if not command.runs or not command.is_certain:
        return command.words
    for inner in command.runs:
        if left := _not_allowed(inner, allow, is_planted):
            return left
    return []


def _is_allowed(rule: str, words: Words, is_planted: Callable[[str], bool]) -> bool:
    wanted = shlex.split(rule)
    return _begins(wanted, words, skips_options=False) and ("/" in wanted[0] or not is_planted(words[0]))


def matches(rule: str, words: Words) -> bool:
    """Whether the command may be what ``rule`` names, with options before its subcommand, too."""
    return _begins(shlex.split(rule), words, skips_options=True)


def _begins(wanted: Words, words: Words, *, skips_options: bool) -> bool:
    if not wanted or not words:
        return False
    program = words[0] if "/" in wanted[0] else os.path.basename(words[0])
    return fnmatchcase(program, wanted[0]) and _goes_on(wanted[1:], words[1:], skips_options=skips_options)


def _goes_on(wanted: Words, words: Words, *, skips_options: bool) -> bool:
    """Whether ``words`` begin with ``wanted``; an option that is skipped may or may not take the word behind it."""
    if not wanted:
        return True
    if not words:
        return False
    if fnmatchcase(words[0], wanted[0]) and _goes_on(wanted[1:], words[1:], skips_options=skips_options):
        return True
    if not skips_options or not words[0].startswith("-"):
        return False
    return any(_goes_on(wanted, words[taken:], skips_options=True) for taken in (1, 2) if taken <= len(words))
