"""What counts as a word: the same for chunks, for the index and for what is looked for."""

import re
import unicodedata

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts without spaces between words, as characters of a regular expression: each character is a word."""

LONGEST = 100
"""What has no space for longer than that is several words, or a line of base64 would be one."""

WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]{{1,{LONGEST}}}")
_UNSPACED_RUN = re.compile(rf"[{UNSPACED}]+")
_ONE = re.compile(rf"[{UNSPACED}]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")

STOP = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "did", "do", "does", "for", "from", "had"),
        *("has", "have", "how", "i", "if", "in", "is", "it", "its", "me", "my", "of", "on", "or", "our", "should"),
        *("so", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "was", "we"),
        *("were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you", "your"),
    ]
)
"""English words that say nothing about what is looked for."""

MOST_TERMS = 100


def clean(text: str) -> str:
    """``text`` as it can be stored: valid Unicode without NUL, its lines ended by ``\\n``."""
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return valid.replace("\r\n", "\n").replace("\0", " ")


def indexed(text: str) -> str:
    """``text`` as the index reads it: one form of each character, spaces where a script has none, the same lines."""
    plain = _CONTROL.sub(" ", unicodedata.normalize("NFKC", text))
    return _ONE.sub(r" \g<0> ", plain)


def terms_of(query: str) -> list[str]:
    """The words of ``query`` that are looked for, each as a phrase of FTS5; none where it has no words.

    Every word is quoted, so that nothing a person or a model writes is syntax. What is written as one word
    (``llm-exec``) is looked for as such too, and scripts without spaces by pairs of characters.
    """
    terms: dict[str, None] = {}
    for word in unicodedata.normalize("NFKC", clean(query)).split():
        for run in _UNSPACED_RUN.findall(word):
            terms.update(dict.fromkeys(_pairs(run)))
        rest = _UNSPACED_RUN.sub(" ", word)
        for piece in rest.split():
            parts = re.findall(r"\w+", piece)
            terms.update(dict.fromkeys([piece] if len(parts) == 1 else [piece, *parts] if parts else []))
    telling = [term for term in terms if re.sub(r"\W", "", term).casefold() not in STOP] or list(terms)
    return ['"' + term.replace('"', " ") + '"' for term in telling[:MOST_TERMS]]


def _pairs(run: str) -> list[str]:
    return [indexed(run[at : at + 2]) for at in range(max(1, len(run) - 1))]
