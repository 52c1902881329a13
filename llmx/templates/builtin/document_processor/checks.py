"""What can be checked of a model's answer without a model: whether it comes from the document at all."""

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d+(?:[.,'\u202f\u00a0]\d+)*")

GROUNDED = 0.25
"""Of a summary's longer words, how many must begin like a word of the document."""

LEAST_SUMMARY = 400
"""Characters that a summary may have of however short a text."""

KEPT = 0.9
"""Of the words of a document, how many a reformatted one must have; of its numbers, how many a translation."""

SHORTEST, LONGEST = 0.2, 5.0
"""How long a translation may be, measured by its source."""


def squeezed(text: str) -> str:
    """``text`` in small letters, without spaces and without the markup that a quote may lose."""
    return "".join(each for each in text.casefold() if each.isalnum())


def stands_in(quote: str, text: str) -> bool:
    """Whether a quote of at least eight letters is in the text, whatever its spaces and marks."""
    wanted = squeezed(quote)
    return len(wanted) >= 8 and wanted in squeezed(text)


def grounded(told: str, text: str) -> float:
    """The share of the longer words of ``told`` that begin like one of ``text``."""
    words = [word[:5].casefold() for word in _WORD.findall(told)]
    known = {word[:5].casefold() for word in _WORD.findall(text)}
    return sum(word in known for word in words) / len(words) if words else 0.0


def numbers(text: str) -> Counter[str]:
    """The numbers in it, by their digits."""
    return Counter("".join(each for each in number if each.isdigit()) for number in _NUMBER.findall(text))


def kept(before: "Counter[str]", after: "Counter[str]") -> float:
    """The share of what was there before that is there after."""
    return (before & after).total() / before.total() if before else 1.0


def words(text: str) -> Counter[str]:
    """The words and numbers of a text, without markup."""
    return Counter(re.findall(r"[^\W_]+", text.casefold()))


def complaint_about_summary(summary: str, text: str) -> str:
    """What is wrong with it; empty for nothing."""
    if len(summary) > max(LEAST_SUMMARY, len(text)):
        return "the summary is longer than the text"
    share = grounded(summary, text)
    return "" if share >= GROUNDED else f"only {share:.0%} of the summary's words come from the text"


def complaint_about_translation(told: str, text: str) -> str:
    """What is wrong with it; empty for nothing."""
    length = len(squeezed(told)) / max(1, len(squeezed(text)))
    if not SHORTEST <= length <= LONGEST and len(text) > 40:
        return f"the translation is {length:.1f} times as long as the text"
    variety = len(words(told)) / max(1, words(told).total())
    if words(told).total() > 50 and variety < 0.2 * len(words(text)) / max(1, words(text).total()):
        return "the translation repeats itself"
    share = kept(numbers(text), numbers(told))
    return "" if share >= KEPT else f"only {share:.0%} of the numbers of the text are in the translation"


def complaint_about_form(told: str, text: str) -> str:
    """What is wrong with a text in another form; empty for nothing."""
    share = kept(words(text), words(told))
    if share < KEPT:
        return f"only {share:.0%} of the words of the text are in it"
    added = 1 - kept(words(told), words(text))
    return "" if added <= 1 - KEPT else f"{added:.0%} of its words are not in the text"
