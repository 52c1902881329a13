"""PDF by PDFium: the text of each page."""

from typing import BinaryIO

import pypdfium2
from pypdfium2 import PdfDocument, PdfiumError

from llmx.documents.document import DocumentError
from llmx.documents.extraction import Harvest

NO_TITLES = ("untitled", "(anonymous)")
HYPHENS = ("\x02", "\ufffe")
"""What PDFium writes for the hyphen of a word that goes on in the next line."""


def extract(file: BinaryIO, _name: str, harvest: Harvest) -> None:
    """A part for each page; raises ``DocumentError`` for one with a password."""
    try:
        document = PdfDocument(file.read())
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError("is encrypted", "encrypted", hint="save it without a password") from None
        raise
    title = document.get_metadata_value("Title") or ""
    harvest.title = "" if title.strip().lower() in NO_TITLES else title
    blank = []
    for number in range(1, len(document) + 1):
        text = _text(document, number, harvest)
        if not text.strip():
            blank.append(number)
        harvest.add("page", f"page {number}", text)
    if blank:
        shown = ", ".join(map(str, blank[:20])) + ("…" if len(blank) > 20 else "")
        harvest.notes.append(f"{len(blank)} of {len(document)} pages have no text: {shown}")


def _text(document: "pypdfium2.PdfDocument", number: int, harvest: Harvest) -> str:
    """The text of one page; a page that cannot be read is a note, and the others are read."""
    try:
        page = document[number - 1]
        read = page.get_textpage()
        text: str = read.get_text_range()
        read.close()
        page.close()
    except PdfiumError as error:
        harvest.notes.append(f"page {number} cannot be read: {error}")
        return ""
    text = text.replace("\r\n", "\n")
    for hyphen in HYPHENS:
        text = text.replace(f"{hyphen}\n", "").replace(hyphen, "")
    return text
