"""DOCX: the body by its headings, then notes, comments, headers and footers, each text once."""

from typing import Any, BinaryIO

import docx
from lxml import etree

from llmx.documents.extraction import Harvest
from llmx.documents.readers.office_text import blocks, local
from llmx.documents.readers.packages import check

_OUTSIDE = {
    "footnotes": "footnotes",
    "endnotes": "endnotes",
    "comments": "comments",
    "header": "headers",
    "footer": "footers",
}


def extract(file: BinaryIO, _name: str, harvest: Harvest) -> None:
    """A part for each heading of the body, and one for each kind of text that stands outside of it."""
    check(file, harvest.limits)
    document = docx.Document(file)
    headings = {
        style.style_id for style in document.styles if (style.name or "").lower().startswith(("heading", "title"))
    }
    name, lines = "", list[str]()
    for text, element in blocks(document.element.body):
        if text.strip() and _style(element) in headings:
            _end(harvest, name, lines)
            name, lines = text.strip(), []
        lines.append(text)
    _end(harvest, name, lines)
    harvest.title = document.core_properties.title or ""
    _add_outside(document, harvest)


def _end(harvest: Harvest, name: str, lines: list[str]) -> None:
    if name or any(line.strip() for line in lines):
        harvest.add("section", name, "\n".join(lines))


def _style(element: Any) -> str:  # noqa: ANN401  # an lxml element
    """The id of a paragraph's style."""
    for child in element:
        if local(child) == "pPr":
            for each in child:
                if local(each) == "pStyle":
                    return next(iter(each.attrib.values()), "")
    return ""


def _add_outside(document: Any, harvest: Harvest) -> None:  # noqa: ANN401  # python-docx's own
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    found: dict[str, list[str]] = {}
    for part in document.part.package.iter_parts():
        kind = part.content_type.rpartition(".")[2].removesuffix("+xml")
        if kind in _OUTSIDE:
            texts = [text for text, _ in blocks(etree.fromstring(part.blob, parser)) if text.strip()]
            kept = found.setdefault(_OUTSIDE[kind], [])
            kept += [text for text in texts if kind not in ("header", "footer") or text not in kept]
    for name, texts in found.items():
        if texts:
            harvest.add("section", name, "\n".join(texts))
