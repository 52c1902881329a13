"""A table from any usual file, as columns of numbers, texts, dates and truths; what was guessed stands in the notes."""

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

import numpy
import polars
from polars import DataFrame, Series

from llmx.documents.decoding import decoded
from llmx.documents.document import DocumentError
from llmx.errors import nearest
from llmx.templates.builtin.data_analysis.compute import DataError
from llmx.templates.builtin.data_analysis.compute.typing_texts import dated, typed

Kind = Literal["number", "text", "date", "boolean"]

MISSING = ["", "NA", "N/A", "n/a", "na", "NULL", "null", "None", "NaN", "nan", "-", "?"]
"""What stands in files for nothing."""

SEPARATORS = ",;\t|"
SAMPLE = 64 << 10
SEED = 20260101


@dataclass
class Table:
    """The columns that count; ``rows`` are those used, ``rows_in_file`` all there are."""

    frame: DataFrame
    rows_in_file: int
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many are used."""
        return self.frame.height

    def kind(self, name: str) -> Kind:
        """What a column holds."""
        return kind_of(self.frame[name])

    def of_kind(self, *kinds: Kind) -> list[str]:
        """The columns that hold one of these, in order."""
        return [name for name in self.frame.columns if self.kind(name) in kinds]

    def numbers(self, name: str) -> "numpy.typing.NDArray[numpy.float64]":
        """A column as floating-point numbers, NaN where there is none."""
        return self.frame[name].cast(polars.Float64).fill_null(math.nan).to_numpy()

    def require(self, name: str) -> str:
        """``name`` where there is such a column; raises ``DataError`` with the nearest."""
        if name in self.frame.columns:
            return name
        near = nearest(name, self.frame.columns)
        known = f"did you mean {near}?" if near else f"there are {', '.join(self.frame.columns[:20])}"
        raise DataError(f"there is no column {name!r}; {known}", is_usage=True)

    def chosen(self, parameters: Mapping[str, Any], *kinds: Kind) -> list[str]:
        """The columns of these kinds that the parameters name, or all."""
        named = [self.require(name) for name in parameters["columns"]]
        return [name for name in named or self.frame.columns if self.kind(name) in kinds]


def kind_of(column: Series) -> Kind:
    """What a column holds; everything has been made one of the four."""
    if column.dtype.is_numeric():
        return "number"
    if column.dtype.is_temporal():
        return "date"
    return "boolean" if column.dtype == polars.Boolean else "text"


def read_table(file: BinaryIO, name: str, parameters: Mapping[str, Any]) -> Table:
    """The table in ``file``; raises ``DataError`` where there is none."""
    data, ending = file.read(), os.path.splitext(name)[1].lower()
    if not data.strip():
        raise DataError(f"{name} is empty")
    notes: list[str] = []
    frame = _frame(data, ending, name, parameters, notes)
    if not frame.height or not frame.width:
        raise DataError(f"{name} has no rows")
    total = frame.height
    if total > parameters["max_rows"]:
        frame = _sampled(frame, parameters["max_rows"])
        notes.append(f"a sample of {frame.height} of {total} rows is used (max_rows)")
    return Table(_usual(frame, notes), total, notes)


def _frame(data: bytes, ending: str, name: str, parameters: Mapping[str, Any], notes: list[str]) -> DataFrame:
    if data.startswith(b"PAR1"):
        return polars.read_parquet(io.BytesIO(data))
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _excel(data, name, parameters["sheet"])
    try:
        text, encoding = decoded(data, name)
    except DocumentError as error:
        raise DataError(error.message) from None
    if encoding != "utf-8":
        notes.append(f"no UTF-8: read as {encoding}")
    start = text.lstrip()[:1]
    if ending in (".jsonl", ".ndjson") or (start == "{" and ending != ".json" and _is_lines(text)):
        return _json_lines(text)
    if ending == ".json" or start in ("[", "{"):
        return _json(text)
    return _csv(text, ending, notes)


def _excel(data: bytes, name: str, sheet: str) -> DataFrame:
    choice: dict[str, Any] = {"sheet_name": sheet} if sheet else {"sheet_id": 1}
    try:
        frame: DataFrame = polars.read_excel(io.BytesIO(data), engine="calamine", infer_schema_length=None, **choice)
    except polars.exceptions.NoDataError:
        raise DataError(f"{name}: the sheet is empty") from None
    except ValueError as error:
        raise DataError(f"{name}: {str(error).splitlines()[0]}", is_usage=bool(sheet)) from None
    return frame


def _is_lines(text: str) -> bool:
    try:
        json.loads(text.lstrip().split("\n", 1)[0])
    except ValueError:
        return False
    return "\n" in text.strip()


def _json_lines(text: str) -> DataFrame:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise DataError(f"line {number} is no JSON: {error}") from None
    return _of_rows(rows)


def _json(text: str) -> DataFrame:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataError(f"it is no JSON: {error}") from None
    if isinstance(value, dict):
        lists = {key: each for key, each in value.items() if isinstance(each, list)}
        if (
            lists
            and len(lists) == len(value)
            and not any(isinstance(row, dict) for each in lists.values() for row in each)
        ):
            return _of_columns(lists)
        value = next((each for each in lists.values() if each and isinstance(each[0], dict)), [value])
    return _of_rows(value)


def _of_columns(columns: dict[str, list[Any]]) -> DataFrame:
    if len({len(each) for each in columns.values()}) > 1:
        raise DataError("its columns are not of one length")
    return _of_rows([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def _of_rows(rows: Any) -> DataFrame:  # noqa: ANN401  # JSON
    """Rows of objects; what is nested in them gets names with dots."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("it holds no list of objects")
    flat = [dict(_flat(row, "")) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    return DataFrame({name: _column([row.get(name) for row in flat]) for name in names})


def _flat(row: dict[str, Any], before: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in row.items():
        found += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(f"{before}{key}", value)]
    return found


def _column(values: list[Any]) -> Series:
    """Numbers where all are, truths where all are, else texts."""
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, bool) for value in there):
        return Series(values, dtype=polars.Boolean)
    if there and all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        is_whole = all(isinstance(value, int) and abs(value) < 1 << 63 for value in there)
        kind = polars.Int64 if is_whole else polars.Float64
        return Series([None if value is None else value if is_whole else float(value) for value in values], dtype=kind)
    return Series([None if value is None else _shown(value) for value in values], dtype=polars.String)


def _shown(value: Any) -> str:  # noqa: ANN401  # JSON
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _csv(text: str, ending: str, notes: list[str]) -> DataFrame:
    separator = "\t" if ending == ".tsv" else _separator(text)
    head = next(csv.reader([text.lstrip("\n").split("\n", 1)[0]], delimiter=separator), [])
    has_header = not all(_is_number(cell) for cell in head)
    if not has_header:
        notes.append("the first row holds numbers only, so it is data and the columns have no names")

    try:
        frame = polars.read_csv(
            io.BytesIO(text.encode()),
            separator=separator,
            has_header=has_header,
            null_values=MISSING,
            infer_schema=False,  # a guess from the first rows would lose what the last ones hold
        )
    except polars.exceptions.NoDataError:
        raise DataError("it has no rows") from None
    if not has_header:
        frame.columns = [f"column_{number}" for number in range(1, frame.width + 1)]
    return DataFrame([typed(column, notes, has_commas=separator == ";") for column in frame.get_columns()])


def _separator(text: str) -> str:
    """The one that cuts the first lines into the most columns of which all have as many."""
    lines = text[:SAMPLE].lstrip("\n").split("\n")
    lines = (lines[:-1] if len(text) > SAMPLE else lines)[:50]
    best, most = ",", 1
    for separator in SEPARATORS:
        counts = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
    return best


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _sampled(frame: DataFrame, count: int) -> DataFrame:
    """That many rows, the same each time, in their order."""
    chosen = numpy.sort(numpy.random.default_rng(SEED).choice(frame.height, count, replace=False))
    return frame[chosen]


def _usual(frame: DataFrame, notes: list[str]) -> DataFrame:
    """Columns of the four kinds only: what is none is left out, what is infinite is missing."""
    kept = []
    for column in frame.get_columns():
        name, kind = column.name, column.dtype
        if kind.is_nested() or kind in (polars.Binary, polars.Object):
            notes.append(f"column {name} holds lists or bytes and is left out")
        elif kind.is_decimal() or kind.is_float():
            numbers = column.cast(polars.Float64)
            if numbers.is_infinite().any():
                notes.append(f"infinite numbers in {name} count as missing")
            kept.append(numbers.set(numbers.is_infinite() | numbers.is_nan(), None))
        elif kind == polars.Null:
            notes.append(f"column {name} holds nothing")
            kept.append(column.cast(polars.Float64))
        elif kind in (polars.Time, polars.Duration):
            kept.append(column.cast(polars.String))
        elif kind.is_temporal() or kind.is_integer() or kind == polars.Boolean:
            kept.append(column)
        else:
            kept.append(dated(column.cast(polars.String), notes))
    return DataFrame(kept)
