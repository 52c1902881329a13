"""Rules on command lines: which may run, which may not, and which only when somebody says yes.

A rule is the beginning of a command: ``git push``, ``npm publish``, ``rm -rf *``. Its first word means a program by its
name, wherever it lies, unless the rule has a slash in it; ``*`` stands for any part of a word. Deny wins over ask, ask
over allow, and where there is an allow list nothing else runs. Rules see through shells, ``env``, ``timeout`` and other
commands that run commands: what runs inside needs its own permission. They are a guard rail: a program can be copied
to another name, and a script can do anything. The sandbox is the wall, which no other spelling gets around.
"""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from llmx.core.policy.words import UNKNOWN, Words
from llmx.core.policy.wrappers import Unwrap, inside

DEEPEST = 30  # commands within commands; what lies deeper is not known


class Decision(NamedTuple):
    """``verdict``: ``allow``, ``ask`` or ``deny``; the ``rule`` that says so, "" for none; the ``part`` it is about."""

    verdict: str
    rule: str
    part: str


class Command(NamedTuple):
    """Words, and the commands that they run.

    ``is_certain``: these are all. ``works``: it needs a permission of its own, whatever its commands have.
    """

    words: Words
    runs: "list[Command]"
    is_certain: bool = True
    works: bool = True


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
    for verdict, listed in (("deny", rules.deny), ("ask", rules.ask)):
        for rule in listed:
            for part in parts:
                if matches(rule, part.words):
                    return Decision(verdict, rule, _shown(part.words))
    if rules.allow and (left := _not_allowed(command, rules.allow, is_planted)):
        return Decision("deny", "", _shown(left))
    if (unsure := _unsure(parts, [*rules.deny, *rules.ask])) and not _vouched(unsure, rules.allow, is_planted):
        return Decision("ask", "", _shown(unsure))
    return Decision("allow", "", "")


def _shown(words: Words) -> str:
    return shlex.join(words).replace(UNKNOWN, "…")


def read(words: Words, unwrap_self: Unwrap, depth: int = 0) -> Command:
    """The command with all that it runs."""
    if depth == DEEPEST:
        return Command(words, [], is_certain=False)
    found = inside(words, unwrap_self)
    if found is None:
        return Command(words, [])
    runs = [read(inner, unwrap_self, depth + 1) for inner in found.commands if inner]
    return Command(words, runs, found.is_certain, found.works)


def _all(command: Command) -> Iterator[Command]:
    yield command
    for inner in command.runs:
        yield from _all(inner)


def _unsure(parts: list[Command], rules: list[str]) -> Words:
    """The first part that may be, or may run, what one of ``rules`` names; empty where there is none."""
    for part in parts:
        if rules and (not part.is_certain or any(may_match(rule, part.words) for rule in rules)):
            return part.words
    return []


def _vouched(words: Words, allow: Sequence[str], is_planted: Callable[[str], bool]) -> bool:
    """Whether a rule that names the program, not just any, allows what cannot be told."""
    return any(rule.strip("* '\"") and _is_allowed(rule, words, is_planted) for rule in allow)


def _not_allowed(command: Command, allow: Sequence[str], is_planted: Callable[[str], bool]) -> Words:
    """The words of the first part that no rule allows; empty when all of it is.

    A command around others is allowed with them, or by a rule that has more than its name.
    """
    sees_through = bool(command.runs) and command.is_certain
    by_rule = [rule for rule in allow if _is_allowed(rule, command.words, is_planted)]
    if command.runs and any(len(_split(rule)) > 1 for rule in by_rule):
        return []
    if (command.works or not sees_through) and not by_rule:
        return command.words
    for inner in command.runs:
        if left := _not_allowed(inner, allow, is_planted):
            return left
    return []


def _is_allowed(rule: str, words: Words, is_planted: Callable[[str], bool]) -> bool:
    wanted = _split(rule)
    program = words[0]
    if not wanted or UNKNOWN in program or not _begins(wanted, words, skips_options=False):
        return False
    return "/" in wanted[0] or not is_planted(program)


def matches(rule: str, words: Words) -> bool:
    """Whether the command is what ``rule`` names, with options before its subcommand, too."""
    return _begins(_split(rule), words, skips_options=True)


def may_match(rule: str, words: Words) -> bool:
    """Whether it could be, with something else in the place of what is not known."""
    return any(UNKNOWN in word for word in words) and _begins(_split(rule), words, skips_options=True, guesses=True)


def _split(rule: str) -> Words:
    try:
        return shlex.split(rule)
    except ValueError:  # an apostrophe without its other
        return rule.split()


def _begins(wanted: Words, words: Words, *, skips_options: bool, guesses: bool = False) -> bool:
    if not wanted or not words:
        return False
    program = words[0] if "/" in wanted[0] else os.path.basename(words[0])
    if guesses and UNKNOWN in words[0]:
        return _fits(program, wanted[0])  # it may stand for words behind it, too
    return fnmatchcase(program, wanted[0]) and _goes_on(wanted[1:], words[1:], skips_options, guesses)


def _goes_on(wanted: Words, words: Words, skips_options: bool, guesses: bool) -> bool:
    """Whether ``words`` begin with ``wanted``."""
    todo, seen = [(tuple(wanted), 0)], set()
    while todo:
        left, at = state = todo.pop()
        if not left:
            return True
        if state in seen or at >= len(words):
            continue
        seen.add(state)
        word = words[at]
        if guesses and UNKNOWN in word:
            return True
        if fnmatchcase(word, left[0]):
            todo.append((left[1:], at + 1))
        if skips_options and word.startswith("-"):  # which may or may not take the word behind it
            todo += [(left, at + 1), (left, at + 2), (_rest(left[0], word) + left[1:], at + 1)]
    return False


def _rest(wanted: str, word: str) -> tuple[str, ...]:
    """The short options that are wanted and not in ``word``: ``-rf`` is also ``-fr``, ``-vrf`` and ``-r -f``."""
    if not (_is_cluster(wanted) and _is_cluster(word)):
        return (wanted,)
    rest = "".join(letter for letter in wanted[1:] if letter not in word)
    return (f"-{rest}",) if rest else ()


def _is_cluster(word: str) -> bool:
    """Short options in one word."""
    return word[:1] == "-" and word[1:].isalpha()


def _fits(word: str, pattern: str) -> bool:
    """Whether ``word``, in which something is not known, blanks maybe, leaves it open that ``pattern`` comes first."""
    return any(each in pattern for each in "*?[") or pattern.startswith(word.partition(UNKNOWN)[0])
