"""What a file is, by its first bytes; its name decides only between kinds of text."""

import os
import zipfile
from typing import BinaryIO

from llmx.documents.document import DocumentError, Kind

HEAD = 4096
NAMES: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown", ".mkd", ".mdown"), "markdown"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".csv", ".tsv", ".json", ".jsonl"), "text"),
    **dict.fromkeys((".docx", ".docm", ".dotx"), "docx"),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx"), "pptx"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx"), "xlsx"),
    ".pdf": "pdf",
}
_OFFICE: dict[str, Kind] = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
}
_OTHERS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"{\\rtf", "Rich Text Format; save it as .docx or .txt"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"%!PS", "PostScript; convert it to PDF"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")


def kind_of(file: BinaryIO, name: str) -> Kind:
    """The kind of ``file``, which is left at its beginning; raises ``DocumentError`` for none that can be read."""
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise DocumentError(f"{name} is empty", "empty")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK"):
        return _office(file, name)
    if head.startswith(_OLE):
        _refuse_ole(file, name)
    for start, what in _OTHERS:
        if head.startswith(start) and not (start == b"MZ" and b"\0" not in head):
            raise DocumentError(f"{name} is {what}", "unsupported", hint=SUPPORTED)
    said = NAMES.get(os.path.splitext(name)[1].lower(), "text")
    if _is_html(head) and said != "markdown":
        return "html"
    return said if said in ("markdown", "html") else "text"


SUPPORTED = "text, Markdown, HTML, PDF, DOCX, PPTX and XLSX can be read"


def _office(file: BinaryIO, name: str) -> Kind:
    """Which kind of office document an archive is."""
    try:
        with zipfile.ZipFile(file) as archive:
            inside = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise DocumentError(f"{name} is damaged: {error}", "damaged") from None
    finally:
        file.seek(0)
    for member, kind in _OFFICE.items():
        if member in inside:
            return kind
    raise DocumentError(f"{name} is an archive, and no office document", "unsupported", hint=SUPPORTED)


def _refuse_ole(file: BinaryIO, name: str) -> None:
    """Office documents with a password, and those of before 2007, are both in Microsoft's compound files."""
    is_encrypted = _ENCRYPTED in file.read()
    file.seek(0)
    if is_encrypted:
        raise DocumentError(f"{name} is encrypted", "encrypted", hint="save it without a password")
    hint = "save it as .docx, .pptx or .xlsx"
    raise DocumentError(f"{name} is an office document of before 2007", "unsupported", hint=hint)


def _is_html(head: bytes) -> bool:
    text = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    lowered = text.lstrip().lower()
    while lowered.startswith((b"<!--", b"<?xml")):
        lowered = lowered.partition(b">")[2].lstrip()
    return lowered.startswith(_HTML_STARTS)
