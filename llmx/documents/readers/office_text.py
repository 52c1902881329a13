"""The text of WordprocessingML and DrawingML, which say the same with other names: paragraphs, runs, tables."""

from collections.abc import Iterator
from typing import Any

_TEXT = frozenset(("t", "delInstrText"))
_ENDS = {"br": "\n", "cr": "\n", "tab": "\t", "ptab": "\t", "noBreakHyphen": "-"}
_SKIPPED = frozenset(("Fallback", "del", "moveFrom", "instrText", "rPr", "pPr", "endParaRPr"))
"""What stands in a document twice, is taken out of it, or only says how it looks."""


def local(element: Any) -> str:  # noqa: ANN401  # an lxml element
    """Its name without the namespace; empty for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def blocks(element: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Each paragraph and each row of a table below ``element``, in order: its text and its element."""
    for child in element:
        name = local(child)
        if name in _SKIPPED:
            continue
        if name == "p":
            yield _paragraph(child), child
            for box in _boxes(child):
                yield from blocks(box)
        elif name == "tr":
            cells = [
                " ".join(text for text, _ in blocks(cell) if text.strip()) for cell in child if local(cell) != "trPr"
            ]
            yield "\t".join(cell.replace("\n", " ") for cell in cells), child
        else:
            yield from blocks(child)


def _paragraph(element: Any) -> str:  # noqa: ANN401
    """The text of one paragraph, without that of the boxes that are anchored in it."""
    return "".join(_pieces(element))


def _pieces(element: Any) -> Iterator[str]:  # noqa: ANN401
    for child in element:
        name = local(child)
        if name in _TEXT:
            yield child.text or ""
        elif name in _ENDS:
            yield _ENDS[name]
        elif name == "sym":
            yield _symbol(child)
        elif name not in _SKIPPED and name != "txbxContent":
            yield from _pieces(child)


def _symbol(element: Any) -> str:  # noqa: ANN401
    """A character that is named by its number, often in the private area of a symbol font."""
    code = next((value for key, value in element.attrib.items() if key.endswith("}char")), "")
    try:
        return chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""


def _boxes(element: Any) -> Iterator[Any]:  # noqa: ANN401
    """The text boxes anchored in a paragraph, each once."""
    for child in element:
        name = local(child)
        if name == "txbxContent":
            yield child
        elif name not in _SKIPPED:
            yield from _boxes(child)
