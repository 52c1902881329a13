"""Rules on commands as agents write them: what a rule means in text, and its form wrapped in ``llm-exec``."""

import shlex
from typing import NamedTuple

WRAPPERS = ("llm-exec", "llmx exec")


class Rule(NamedTuple):
    """One rule: the words that a command begins with. ``has_holes`` where a ``*`` stands for part of a word in it."""

    text: str
    words: tuple[str, ...]

    @property
    def has_holes(self) -> bool:
        return any("*" in word or "?" in word or "[" in word for word in self.words)

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


def globs(text: str, *, wrapped: bool) -> list[str]:
    """The patterns that cover ``text``, where ``*`` stands for any text: alone, with more behind, and wrapped."""
    joined = rule(text).joined
    forms = [joined, f"{joined} *"]
    if wrapped:
        forms += [f"{wrapper} * {form}" for wrapper in WRAPPERS for form in (joined, f"{joined} *")]
    return forms


def widens(text: str) -> bool:
    """Whether a pattern of the rule would match more than the rule, since its ``*`` spans words."""
    return rule(text).has_holes
