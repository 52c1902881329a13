"""What code can measure of a text: its length, and how hard it is to read."""

import re
from typing import Any

from llmx.templates.markdown import as_text

LEAST_WORDS = 50
"""What is shorter is no text, whoever praises it."""

TOLERANCE = 0.15
"""By how much a text may miss the length that was asked for and still have all of it."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)]*+(?=\s|$)|\n{2,}")
_VOWELS = re.compile(r"[aeiouyàáâäæèéêëìíîïòóôöøùúûüœ]+")
_READING_SPEED = 230  # words a minute, silent reading of English (Brysbaert 2019: 238 for non-fiction)


def measured(markdown: str) -> dict[str, Any]:
    """Words, sentences and how it reads; Flesch's two measures are made for English."""
    text = as_text(markdown)
    words = _WORD.findall(text)
    if not words:
        return {"words": 0, "sentences": 0, "reading_minutes": 0.0, "flesch_reading_ease": None, "grade": None}
    sentences = max(1, sum(bool(_WORD.search(part)) for part in _SENTENCE_END.split(text)))
    syllables = sum(map(syllables_of, words))
    per_sentence, per_word = len(words) / sentences, syllables / len(words)
    return {
        "words": len(words),
        "sentences": sentences,
        "reading_minutes": round(len(words) / _READING_SPEED, 1),
        "flesch_reading_ease": round(206.835 - 1.015 * per_sentence - 84.6 * per_word, 1),
        "grade": round(0.39 * per_sentence + 11.8 * per_word - 15.59, 1),
    }


def syllables_of(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, less a silent e."""
    lower = word.lower()
    groups = len(_VOWELS.findall(lower))
    is_silent = lower.endswith("e") and not lower.endswith(("le", "ee", "ie", "oe", "ue")) and groups > 1
    return max(1, groups - is_silent)


def length_fit(words: int, target: int | None) -> float:
    """1 for a text of the length asked for, less the more it misses it; without one, for any text that is one."""
    if target is None:
        return min(1.0, words / LEAST_WORDS)
    nearness = min(words, target) / max(words, target)
    return round(min(1.0, nearness / (1 - TOLERANCE)), 3)
