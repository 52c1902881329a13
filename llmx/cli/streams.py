"""Streams that are there whatever the caller has closed, and take every character whatever their encoding is."""

import codecs
import os
import sys

_NAME = "llmx.escape"


def replace_closed() -> None:
    """Put an empty file in the place of what the caller has closed, so that no file of ours gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def take_every_character() -> None:
    """Write what the encoding does not have in escapes that JSON and people read alike, instead of failing."""
    codecs.register_error(_NAME, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where a caller from Python has put one of its own
            stream.reconfigure(errors=_NAME)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return "".join([f"\\u{pair}" for pair in pairs]), error.end
