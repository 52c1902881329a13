"""stdout and stderr that take every character, whatever the terminal's encoding is."""

import codecs
import sys

_NAME = "llmx.escape"


def take_every_character() -> None:
    """Write what the encoding does not have in escapes that JSON and people read alike, instead of failing."""
    codecs.register_error(_NAME, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None where the caller has closed it
            stream.reconfigure(errors=_NAME)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return "".join([f"\\u{pair}" for pair in pairs]), error.end
