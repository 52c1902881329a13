"""Secrets in words with URL escapes: ``token%3Dabc``, ``https%3A%2F%2Fme%3Apassword%40host``."""

import re
from collections.abc import Callable, Iterator

ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+", re.ASCII)
DEPTH = 2
"""How often something may be escaped over again."""

_ENDS = (" ", "\n", "\t", "\r", '"', "'", "<", ">")
_REST = re.compile(r"[^ \n\t\r\"'<>]*+")

Spans = Callable[[str, int], list[tuple[int, int]]]


def encoded_spans(text: str, spans_of: Spans, depth: int) -> Iterator[tuple[int, int]]:
    """The spans whose text is a secret once its escapes are read; ``spans_of(text, depth)`` finds those of a text."""
    done = 0
    for escape in ESCAPES.finditer(text):
        if escape.start() < done:
            continue
        start = max([done, *(text.rfind(end, done, escape.start()) + 1 for end in _ENDS)])
        rest = _REST.match(text, escape.end())
        done = rest.end() if rest else escape.end()
        plain, origin = decoded(text[start:done])
        for begin, end in spans_of(plain, depth + 1):
            yield start + origin[begin], start + origin[end]


def decoded(word: str) -> tuple[str, list[int]]:
    """The word with its escapes read as UTF-8, and for each of its characters (and the end) where it comes from."""
    parts: list[str] = []
    origin: list[int] = []
    done = 0
    for escape in ESCAPES.finditer(word):
        origin += range(done, escape.start())
        characters = bytes.fromhex(escape[0].replace("%", "")).decode("utf-8", "surrogateescape")
        parts += word[done : escape.start()], characters
        position = escape.start()
        for character in characters:
            origin.append(position)
            position += 3 * len(character.encode("utf-8", "surrogateescape"))
        done = escape.end()
    origin += range(done, len(word) + 1)
    return "".join([*parts, word[done:]]), origin
