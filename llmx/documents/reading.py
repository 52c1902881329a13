"""Read a file: text here, everything with a structure in a process of its own that cannot do anything else."""

import asyncio
import hashlib
import importlib.util
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from llmx.core.process.bounded import Bounds, BoundsError, call
from llmx.documents.decoding import clean, decoded
from llmx.documents.document import Document, DocumentError, Kind, Limits, Part, Reason
from llmx.documents.kinds import NAMES, kind_of
from llmx.documents.sections import of_lines, of_markdown
from llmx.errors import install_hint

USUAL = Limits()
EXTENSIONS = frozenset(NAMES)
"""Endings of names that stand for documents; the content decides in the end."""


class Reader(NamedTuple):
    """What reads a kind: a function by name, and the package that it needs ("" for none)."""

    target: str
    package: str


READERS: dict[Kind, Reader] = {
    "html": Reader("llmx.documents.readers.html:extract", ""),
    "pdf": Reader("llmx.documents.readers.pdf:extract", "pypdfium2"),
    "docx": Reader("llmx.documents.readers.docx:extract", "docx"),
    "pptx": Reader("llmx.documents.readers.pptx:extract", "pptx"),
    "xlsx": Reader("llmx.documents.readers.xlsx:extract", "openpyxl"),
}
_WHY: dict[str, Reason] = {"time": "timeout", "memory": "memory", "answer": "too_large", "crash": "damaged"}


def read(path: str | Path, limits: Limits = USUAL) -> Document:
    """The document at ``path``; raises ``DocumentError`` with the reason where it cannot be read."""
    name = str(path)
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DocumentError(f"{name} is no file", "unsupported")
            return _read(file, name, limits)
    except FileNotFoundError:
        raise DocumentError(f"there is no file {name}", "missing") from None
    except IsADirectoryError:
        raise DocumentError(f"{name} is a folder", "unsupported") from None
    except PermissionError:
        raise DocumentError(f"{name} may not be read", "forbidden") from None
    except (OSError, ValueError) as error:
        raise DocumentError(f"{name} cannot be read: {error}", "forbidden") from None


async def read_async(path: str | Path, limits: Limits = USUAL) -> Document:
    """``read`` beside other work; the process that reads has a time limit of its own."""
    return await asyncio.to_thread(read, path, limits)


def read_bytes(data: bytes, name: str, limits: Limits = USUAL) -> Document:
    """The document that ``data`` is; ``name`` is what it is called, such as the last part of a URL."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return _read(file, name, limits)


def _read(file: BinaryIO, name: str, limits: Limits) -> Document:
    size = os.fstat(file.fileno()).st_size
    if size > limits.file:
        raise DocumentError(f"{name} has {size} bytes, and {limits.file} are the limit", "too_large")
    kind = kind_of(file, name)
    reader = READERS.get(kind)
    document = _structured(file, name, kind, reader, limits) if reader else _plain(file, name, kind, limits)
    if not document.text.strip():
        if kind == "pdf":
            raise DocumentError(f"{name} has no text: its pages are pictures", "no_text", hint="run OCR over it first")
        raise DocumentError(f"{name} holds no text", "empty")
    return document


def _plain(file: BinaryIO, name: str, kind: Kind, limits: Limits) -> Document:
    data = file.read()
    text, encoding = decoded(data, name)
    if len(text) > limits.text:
        raise _too_long(name, limits)
    parts = of_markdown(text) if kind == "markdown" else of_lines(text)
    title = next((part.name for part in parts if part.kind == "section" and part.name), "")
    notes = () if encoding in ("utf-8", "utf-16", "utf-32") else (f"no UTF-8: read as {encoding}",)
    return Document(name, kind, text, parts, title, encoding, hashlib.sha256(data).hexdigest(), notes)


def _structured(file: BinaryIO, name: str, kind: Kind, reader: Reader, limits: Limits) -> Document:
    if reader.package and importlib.util.find_spec(reader.package) is None:
        raise DocumentError(f"{name}: reading {kind.upper()} needs a package", "reader", hint=install_hint("docs"))
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # every real file has readinto
    file.seek(0)
    bounds = Bounds(limits.seconds, limits.memory, answer=limits.text * 6 + (1 << 20))
    request = {"target": reader.target, "name": name, "limits": limits._asdict()}
    try:
        told = call("llmx.documents.extraction:answer", request, file.fileno(), bounds)
    except BoundsError as error:
        raise DocumentError(f"{name}: {error.message}", _WHY[error.why]) from None
    if "reason" in told:
        raise DocumentError(f"{name} {told['message']}", told["reason"], hint=told["hint"])
    return _assembled(told, name, kind, digest)


def _assembled(told: dict[str, Any], name: str, kind: Kind, digest: str) -> Document:
    """The parts as one text, with an end of line between them."""
    texts, parts, at = [], [], 0
    for number, (part_kind, part_name, text) in enumerate(told["parts"], 1):
        parts.append(Part(part_kind, part_name, number, at, at + len(text)))
        texts.append(text)
        at += len(text) + 1
    title, notes = clean(told["title"]).strip(), tuple(told["notes"])
    return Document(name, kind, "\n".join(texts), tuple(parts), title, told["encoding"], digest, notes)


def _too_long(name: str, limits: Limits) -> DocumentError:
    return DocumentError(f"{name} holds more than {limits.text} characters of text", "too_large")
