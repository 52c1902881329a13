"""XLSX: a part for each sheet, its rows as lines of values with tabs between them."""

import datetime
from collections.abc import Iterator
from typing import Any, BinaryIO

import openpyxl

from llmx.documents.document import DocumentError
from llmx.documents.extraction import Harvest
from llmx.documents.readers.packages import check


def extract(file: BinaryIO, _name: str, harvest: Harvest) -> None:
    """The values as they were last computed; a formula that never was is told as itself."""
    check(file, harvest.limits)
    values = openpyxl.load_workbook(file, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(file, read_only=True, data_only=False)
    harvest.title = values.properties.title or ""
    count = 0
    for sheet in values.worksheets:
        lines = []
        for cells in _rows(sheet, formulas[sheet.title]):
            count += len(cells)
            if count > harvest.limits.cells:
                raise DocumentError(f"has more than {harvest.limits.cells} cells", "too_large")
            lines.append("\t".join(cells))
        while lines and not lines[-1]:
            lines.pop()
        harvest.add("sheet", sheet.title, "\n".join(lines))


def _rows(values: Any, formulas: Any) -> Iterator[list[str]]:  # noqa: ANN401  # openpyxl's sheets
    """The texts of the cells of each row, up to the last that has any."""
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # what a file says of its own size may be wrong by millions
    for row, others in zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True):
        cells = [_shown(other if value is None else value) for value, other in zip(row, others, strict=True)]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(" ")
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
    text = getattr(value, "text", None)  # a formula over several cells
    return " ".join(str(text if isinstance(text, str) else value).replace("\t", " ").splitlines())
