"""Where the secrets of a text stand, and the text without them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial

from llmx.core.redact.contexts import named_spans
from llmx.core.redact.encoded import DEPTH, encoded_spans
from llmx.core.redact.names import is_placeholder
from llmx.core.redact.programs import program_spans
from llmx.core.redact.shapes import SHAPES

MASK = "[redacted]"

Span = tuple[int, int]

_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", re.ASCII)
_KEY_HEADER = re.compile(r"[ \t]*[A-Za-z][A-Za-z-]{2,30}: ", re.ASCII)
_KEY_BODY = re.compile(r"[ \t>|#+]*+(?P<secret>(?:[A-Za-z0-9+/=\r]|\\+[nrt])*)", re.ASCII)


def secret_spans(text: str, secrets: list[str], in_key_block: bool = False) -> tuple[list[Span], bool]:
    """The merged, ordered spans to mask, and whether the text ends inside the block of a private key."""
    public: dict[int, int] = {}
    spans = [*_literal_spans(text, secrets), *_shape_spans(text, public), *named_spans(text), *program_spans(text)]
    if "%" in text:
        spans += encoded_spans(text, partial(_plain_spans, secrets), 0)
    if in_key_block or "-----BEGIN" in text:
        in_key_block = _add_key_spans(text, in_key_block, spans)
    merged = _merge(sorted(spans))
    return [(min(public.get(start, start), end), end) for start, end in merged], in_key_block


def _plain_spans(secrets: list[str], text: str, depth: int) -> list[Span]:
    """The spans in a text whose escapes have been read; a secret in it may have ``+`` for a space."""
    public: dict[int, int] = {}
    literals = [*secrets, *_as_text(secrets)]
    spans = [*_literal_spans(text, literals), *_literal_spans(text.replace("+", " "), literals)]
    spans += [*_shape_spans(text, public), *named_spans(text), *program_spans(text)]
    if "-----BEGIN" in text:
        _add_key_spans(text, False, spans)
    if "%" in text and depth < DEPTH:
        spans += encoded_spans(text, partial(_plain_spans, secrets), depth)
    return [(min(public.get(start, start), end), end) for start, end in _merge(sorted(spans))]


def _as_text(secrets: list[str]) -> Iterator[str]:
    """Those that are bytes, one a character, as the text they stand for."""
    for secret in secrets:
        if not secret.isascii():
            with suppress(UnicodeError):
                yield secret.encode("latin-1").decode()


def masked(text: str, spans: list[Span], start: int, end: int) -> str:
    """``text[start:end]`` with each span in it replaced; a span that began before ``start`` is masked to its end."""
    parts: list[str] = []
    for begin, stop in spans:
        if stop <= start or begin >= end:
            continue
        parts += text[start:begin], MASK
        start = stop
    parts.append(text[start:end])
    return "".join(parts)


def _merge(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif end > start:
            merged.append((start, end))
    return merged


def _literal_spans(text: str, secrets: list[str]) -> Iterator[Span]:
    for secret in secrets:
        start = text.find(secret)
        while start >= 0:
            yield start, start + len(secret)
            start = text.find(secret, start + 1)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _shape_spans(text: str, public: dict[int, int]) -> Iterator[Span]:
    """The spans of tokens; ``public`` learns where a token's public prefix starts and its secret part begins."""
    for shape in SHAPES:
        if shape.anchor not in text:
            continue
        for match in _compiled(shape.pattern).finditer(text):
            start, end = match.span("secret")
            if end > start and not is_placeholder(match["secret"]):
                public[match.start()] = max(start, public.get(match.start(), start))
                yield start, end


def _add_key_spans(text: str, inside: bool, spans: list[Span]) -> bool:
    """Add the bodies of private keys in PEM or armor; whether the text ends inside of one."""
    position = 0
    while True:
        if not inside:
            begin = _KEY_BEGIN.search(text, position)
            if begin is None:
                return False
            position = begin.end()
        inside, position = _read_key_line(text, position, spans)
        if position > len(text):
            return inside


def _read_key_line(text: str, start: int, spans: list[Span]) -> tuple[bool, int]:
    """Handle the rest of one line inside a key; whether the key goes on, and where to go on."""
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    key_end = text.find("-----END", start, line_end)
    if key_end >= 0:
        spans.append((start + len(text[start:key_end]) - len(text[start:key_end].lstrip(" \t>|#+")), key_end))
        return False, key_end
    body = _KEY_BODY.match(text, start, line_end)
    begin, end = body.span("secret") if body else (start, start)
    if end == line_end or end - begin >= 16:
        spans.append((begin, end - (text[end - 1 : end] == "\r" and end > begin)))
    if end == line_end or _KEY_HEADER.match(text, start, line_end):
        return True, line_end + 1
    return False, max(end, start)
