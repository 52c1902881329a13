"""Rules on commands as agents write them: what a rule means in text, and its form wrapped in ``llm-exec``."""

import re
import shlex
from fnmatch import fnmatchcase
from typing import NamedTuple

WRAPPERS = (("llm-exec", ""), ("llm-exec", "* "), ("llmx", "*exec "), ("llmx", "*exec * "))
"""The wrapper's program, and what may stand between it and the command: nothing, options, options of ``llmx``."""

LINES = tuple(
    (program, f"{words}*{quote}") for program, words in (("llm-exec", ""), ("llmx", "*exec ")) for quote in "'\""
)
"""The same for a command that begins a quoted line, as behind ``--command``."""

PLAIN = r"[^;&|<>`$()\\\n]*"
"""Text in which a shell sees words only."""

START = r"(^|[;&|({\n]\s*)"
"""Where a command may begin, in a line of several."""


class Rule(NamedTuple):
    """One rule: the words that a command begins with. ``has_holes`` where a ``*`` stands for part of a word in it."""

    text: str
    words: tuple[str, ...]

    @property
    def has_holes(self) -> bool:
        return any("*" in word or "?" in word or "[" in word for word in self.words)

    @property
    def has_quotes(self) -> bool:
        """Whether a word of it is lost where words are put together with blanks."""
        return any(not word or any(char.isspace() or char in "'\"\\" for char in word) for word in self.words)

    @property
    def joined(self) -> str:
        return " ".join(self.words)


def rule(text: str) -> Rule:
    """The rule in ``text``; a ``*`` at its end says what is true of every rule."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    while len(words) > 1 and words[-1] == "*":
        words.pop()
    return Rule(text, tuple(words))


def spellings(text: str) -> list[str]:
    """The rule as a command may spell it: its words, and where these need quotes, as it was written."""
    found = rule(text)
    return [found.joined, *([text.strip()] if found.has_quotes else [])]


def globs(text: str, *, wrapped: bool) -> list[str]:
    """The patterns that cover ``text``, where ``*`` stands for any text: alone, with more behind, and wrapped."""
    spelled = spellings(text)
    plain = [form for one in spelled for form in (one, f"{one} *")]
    if not wrapped:
        return plain
    words = [f"{program} {between}{form}" for program, between in WRAPPERS for form in plain]
    return [*plain, *words, *(f"{program} {between}{one}*" for program, between in LINES for one in spelled)]


def widens(text: str) -> str:
    """Why a pattern of the rule would match more than the rule; empty where it would not."""
    found = rule(text)
    if found.has_holes:
        return "its * would stand for whole words, too"
    return "a pattern of it would not keep its quotes" if found.has_quotes or not found.words else ""


def meet(one: str, other: str) -> bool:
    """Whether there may be a command that both rules are about."""
    pairs = zip(rule(one).words, rule(other).words, strict=False)
    return all(fnmatchcase(a, b) or fnmatchcase(b, a) for a, b in pairs)


def regexes(text: str, *, wrapped: bool) -> list[str]:
    """The rule as regular expressions that search in one command, for clients that have no globs.

    One that is wrapped refuses or asks, and is wide: a ``*`` is any text. One that is not allows, and is narrow: behind
    the words stands nothing that a shell would read as more than words. A wide one repeats no group, as Gemini drops a
    rule that does.
    """
    found = [_pattern(one, r"\s+" if wrapped else "[ \\t]+") for one in spellings(text)]
    if not wrapped:
        return [f"^{one}([ \\t]{PLAIN})?$" for one in found]
    ends = f"({'|'.join(found)})([\\s'\";&|)\\\\]|$)"
    return [f"{START}{ends}", f"{START}(llm-exec|llmx\\s(|.*\\s)exec)\\s(|.*[\\s'\"]){ends}"]


def _pattern(spelled: str, blank: str) -> str:
    """Words as a regular expression."""
    escaped = [re.sub(r"[][\\.^$|+(){}]", r"\\\g<0>", word) for word in spelled.split()]
    return blank.join(word.replace("*", ".*").replace("?", ".") for word in escaped)
