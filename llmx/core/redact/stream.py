"""Mask secrets in texts and byte streams: the thorough part behind ``redact``.

A stream is handled in blocks of whole lines, and a line longer than a window in overlapping windows, so that the
result depends on the bytes alone and not on how they arrived.
"""

import re
from collections.abc import Mapping

from llmx.core.redact.names import variable_secrets
from llmx.core.redact.spans import masked, secret_spans

WINDOW = 65536
"""Characters of an unfinished line after which a part of it is handled."""

OVERLAP = 4096
"""A window's end that is looked at again with what follows; at least the longest secret of the environment."""

CONTEXT = 256
"""Characters before a window that are kept for what stands before a secret."""

_REST_OF_A_SECRET = re.compile(r"[^\s\"'<>&;,|]*+", re.ASCII)


class TextStream:
    """Masks text piece by piece; ``secrets`` are literals to hide wherever they occur."""

    def __init__(self, secrets: list[str]) -> None:
        self.secrets = secrets
        self.overlap = max([OVERLAP, *map(len, secrets)])
        self.window = max(WINDOW, 4 * self.overlap)
        self.before = ""
        self.held = ""
        self.swallowing = False
        self.in_key_block = False

    def feed(self, text: str) -> str:
        """What is certain after ``text``; the rest of an unfinished line is held back."""
        self.held += text
        done: list[str] = []
        start = 0
        while True:
            end = self.held.rfind("\n", start, start + self.window) + 1
            if end > start:
                done.append(self._lines(self.held[start:end]))
            elif len(self.held) - start >= self.window:
                masked_part, end = self._part_of_a_line(start)
                done.append(masked_part)
            else:
                break
            start = end
        self.held = self.held[start:]
        return "".join(done)

    def finish(self) -> str:
        """The masked rest."""
        rest, self.held = self.held, ""
        return self._lines(rest)

    def _lines(self, lines: str) -> str:
        """Whole lines, of which the first may be the end of a long one."""
        lines = self._without_rest_of_a_secret(lines)
        text = self.before + lines
        spans, self.in_key_block = secret_spans(text, self.secrets, self.in_key_block)
        offset, self.before = len(self.before), ""
        return masked(text, spans, offset, len(text))

    def _part_of_a_line(self, start: int) -> tuple[str, int]:
        """The masked beginning of the window at ``start``, and where the next window starts."""
        window = self.held[start : start + self.window]
        kept = self._without_rest_of_a_secret(window, more=True)
        if not kept:
            return "", start + len(window)
        text, offset = self.before + kept, len(self.before)
        spans, _ = secret_spans(text, self.secrets, self.in_key_block)
        self.in_key_block = False
        cut = max(len(text) - self.overlap, offset + 1)
        cut = max([cut, *(end for begin, end in spans if begin < cut)])
        self.swallowing = cut == len(text) and bool(spans) and spans[-1][1] == cut
        self.before = text[max(0, cut - CONTEXT) : cut]
        return masked(text, spans, offset, cut), start + len(window) - (len(text) - cut)

    def _without_rest_of_a_secret(self, text: str, more: bool = False) -> str:
        """``text`` without the end of a secret that filled the window before it."""
        if not self.swallowing:
            return text
        rest = _REST_OF_A_SECRET.match(text)
        end = rest.end() if rest else 0
        self.swallowing = more and end == len(text)
        return text[end:]


class ByteStream:
    """Masks bytes of any encoding: each byte is one character on the way."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._text = TextStream([_as_bytes(secret).decode("latin-1") for secret in variable_secrets(env)])

    def feed(self, data: bytes) -> bytes:
        """The masked bytes that can be written now."""
        return self._text.feed(data.decode("latin-1")).encode("latin-1")

    def finish(self) -> bytes:
        """The masked rest."""
        return self._text.finish().encode("latin-1")


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def mask_text(text: str, env: Mapping[str, str]) -> str:
    """``text`` with its secrets masked."""
    return mask_with(text, variable_secrets(env))


def mask_with(text: str, secrets: list[str]) -> str:
    """``text`` with the given literals and everything that looks like a secret masked."""
    stream = TextStream(secrets)
    return stream.feed(text) + stream.finish()
