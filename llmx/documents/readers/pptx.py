"""PPTX: a part for each slide in the order of the show, with its diagrams, charts and notes."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pptx
from lxml import etree

from llmx.documents.extraction import Harvest
from llmx.documents.readers.office_text import blocks
from llmx.documents.readers.packages import check

_BESIDE = ("/diagramData", "/chart")
_VALUES = "{http://schemas.openxmlformats.org/drawingml/2006/chart}v"


def extract(file: BinaryIO, _name: str, harvest: Harvest) -> None:
    """The text of every slide, hidden ones too."""
    check(file, harvest.limits)
    show = pptx.Presentation(file)
    harvest.title = show.core_properties.title or ""
    for number, slide in enumerate(show.slides, 1):
        lines = [text for text, _ in blocks(slide.element)]
        lines += _beside(slide)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            lines += notes.text.split("\n")
        harvest.add("slide", f"slide {number}", "\n".join(line.replace("\v", "\n") for line in lines if line.strip()))


def _beside(slide: Any) -> Iterator[str]:  # noqa: ANN401  # python-pptx's own
    """What stands in files of its own: the texts of diagrams, and the titles and values of charts."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for relation in slide.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(_BESIDE):
            root = etree.fromstring(relation.target_part.blob, parser)
            yield from (text for text, _ in blocks(root))
            yield "\t".join(value.text for value in root.iter(_VALUES) if value.text)
