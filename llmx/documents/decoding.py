"""Bytes as text: by their mark, else as UTF-8, else as what they look like."""

import codecs
import re

from llmx.documents.document import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SAMPLE = 65536


def decoded(data: bytes, name: str, declared: str = "") -> tuple[str, str]:
    """The text and its encoding; raises ``DocumentError`` for what is no text."""
    for encoding in _candidates(data, declared):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        sample = text[:_SAMPLE]
        if len(_CONTROLS.findall(sample)) * 50 > len(sample):
            break
        return clean(text), encoding.removesuffix("-sig")
    raise DocumentError(f"{name} is no text", "unsupported", hint="is it a binary file with a wrong name?")


def _candidates(data: bytes, declared: str) -> list[str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return [encoding]
    zeros = data[:_SAMPLE].count(0)
    if zeros * 5 > len(data[:_SAMPLE]):  # text of Latin letters in UTF-16 is half zeros
        odd = data[1:_SAMPLE:2].count(0)
        return ["utf-16-le" if odd * 2 > zeros else "utf-16-be"]
    return [each for each in ("utf-8", declared, "cp1252", "latin-1") if each]


def clean(text: str) -> str:
    """``text`` with plain line ends, without what no text holds: zeros, lone surrogates, form feeds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    text = text.replace("\v", " ").replace("\f", " ")
    return _SURROGATES.sub("\ufffd", text)
