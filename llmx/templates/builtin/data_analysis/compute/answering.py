"""Where the process begins: the table is read, and one thing is computed of it."""

import hashlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

import polars

from llmx.core.plugins import load
from llmx.templates.builtin.data_analysis.compute import JSON, DataError
from llmx.templates.builtin.data_analysis.compute.descriptive import profile
from llmx.templates.builtin.data_analysis.compute.table import Table, read_table

HERE = "llmx.templates.builtin.data_analysis.compute"
WORK = {
    "descriptive": f"{HERE}.descriptive:descriptive",
    "correlation": f"{HERE}.correlation:correlation",
    "regression": f"{HERE}.regression:regression",
    "timeseries": f"{HERE}.timeseries:timeseries",
    "clustering": f"{HERE}.clustering:clusters",
    "chart": f"{HERE}.charts:chart",
}
"""What can be computed; a process imports what those need that it is asked for."""


def answer(request: dict[str, Any], file: BinaryIO) -> JSON:
    """The table's digest and its profile; then what was asked to be computed of it, by name.

    Each is ``{"value", "notes"}``, or ``{"fault", "is_usage"}``.
    """
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # every real file has readinto
    file.seek(0)
    name, parameters = request["name"], request["parameters"]
    tables: list[Table] = []

    def read() -> JSON:
        tables.append(read_table(file, name, parameters))
        return profile(tables[0], parameters)

    told: JSON = {"digest": digest, "profile": _outcome(read, name)}
    for table in tables:
        told["profile"]["notes"] = list(table.notes)
        for work in request["works"]:
            table.notes.clear()
            computed = _outcome(partial(load(WORK[work]), table, parameters), name)
            told[work] = {**computed, "notes": list(table.notes)}
    return told


def _outcome(compute: Callable[[], JSON], name: str) -> JSON:
    try:
        return {"value": finite(compute())}
    except DataError as fault:
        return {"fault": fault.message, "is_usage": fault.is_usage}
    except (polars.exceptions.PolarsError, ValueError, TypeError, OverflowError) as error:
        said = str(error).strip().split("\n")[0][:300]
        return {"fault": f"{name} cannot be read as a table: {said}", "is_usage": False}


def finite(value: Any) -> Any:  # noqa: ANN401  # JSON
    """``value`` with null for numbers that there is no way to write in JSON."""
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
