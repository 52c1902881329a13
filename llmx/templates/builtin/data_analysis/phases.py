"""What code does with a table: compute, draw, check what the model says, and write it all down."""

import importlib.util
import json
import os
from collections.abc import Mapping
from typing import Any

from llmx.core.plugins import load as named
from llmx.core.process.bounded import Bounds, BoundsError, call_async
from llmx.errors import InconclusiveError, NotFoundError, SchemaError, UsageError, install_hint
from llmx.templates.builtin.data_analysis.facts import grouped, known_of, lines
from llmx.templates.builtin.data_analysis.numbers import Known, mentions, unknown
from llmx.templates.builtin.data_analysis.reporting import report as written
from llmx.templates.phases import Context

LARGEST = 2 << 30
MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml"}
BOUNDS = Bounds(seconds=300, memory=12 << 30, answer=64 << 20)
PACKAGES = ("polars", "fastexcel", "scipy", "matplotlib")
FACTS_CHARS = 6000
TRIES = 2
ANSWER_TOKENS = 800
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
}


async def load(context: Context) -> dict[str, Any]:
    """The table is read once, and everything computed of it; what cannot be, the phase says that needs it."""
    path = context.parameters["data_file"]
    told = await _computed(path, context.parameters)
    profile = _value(told["profile"])
    used, whole = profile["rows"], profile["rows_in_file"]
    reason = "" if used == whole else f"a sample of {used} of {whole} rows"
    context.coverage.append({"path": path, "read": True, "reason": reason})
    context.took(path, told["digest"], path)
    return told


def analyze(context: Context) -> dict[str, Any]:
    """The numbers, and the questions about them, in which all of them stand."""
    kind, told = context.parameters["analysis_type"], context.results["load"]
    numbers = _value(told[kind])
    facts = grouped(lines(_value(told["profile"]), kind, numbers), FACTS_CHARS)
    questions = [{"part": number, "parts": len(facts), "facts": each} for number, each in enumerate(facts, 1)]
    return {"value": numbers, "questions": questions}


def visualize(context: Context) -> dict[str, Any]:
    """The chart's numbers, and its files; the numbers of all so far, too."""
    chart: dict[str, Any] = _value(context.results["load"]["chart"])
    for form, data in named("llmx.templates.builtin.data_analysis.drawing:drawn")(chart).items():
        context.add(f"chart.{form}", data, MEDIA_TYPES[form])
    _write(context, _told(context, chart, []))  # where the model fails, the numbers are there all the same
    return chart


async def narrate(context: Context, item: dict[str, Any], number: int) -> str:
    """What the model says of the numbers; every number in it must have been computed."""
    del number
    known = known_of(_value(context.results["load"]["profile"]), context.results["analyze"]["value"])
    complaint = ""
    for _ in range(TRIES):
        answer = await asked_of(context, item, complaint)
        text = " ".join(str(answer["text"]).split())
        complaint = _complaint(text, known)
        if not complaint:
            return text
    raise SchemaError(complaint, hint="the numbers are in analysis.json; another model may explain them")


async def asked_of(context: Context, item: dict[str, Any], complaint: str) -> dict[str, Any]:
    """What the model says of one part of the numbers, told what was wrong with what it said before."""
    values = {**context.values, "item": item, "complaint": complaint}
    answer: dict[str, Any] = await context.ask(
        context.renderer.file("narrate.j2", values),
        context.renderer.file("system.j2", values),
        schema=SCHEMA,
        max_tokens=ANSWER_TOKENS,
    )
    return answer


def report(context: Context) -> dict[str, Any]:
    """All of it as one value and one text."""
    told = _told(context, context.results["visualize"], context.results["narrate"])
    _write(context, told)
    context.add("analysis_report.md", written(told), "text/markdown")
    return told


def _told(context: Context, chart: dict[str, Any], narrative: list[str]) -> dict[str, Any]:
    """All that is known."""
    load, kind = context.results["load"], context.parameters["analysis_type"]
    notes = [note for step in ("profile", kind, "chart") for note in load[step]["notes"]]
    return {
        "file": os.path.basename(context.parameters["data_file"]),
        "digest": load["digest"],
        "analysis_type": kind,
        "profile": _value(load["profile"]),
        "analysis": _value(load[kind]),
        "chart": chart,
        "narrative": narrative,
        "notes": list(dict.fromkeys(notes)),
    }


def _write(context: Context, told: dict[str, Any]) -> None:
    context.add("analysis.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n", "application/json")


async def _computed(path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a process of its own computes of the table; raises what says why it cannot."""
    parameters = {name: value for name, value in given.items() if name != "question"}
    works = [given["analysis_type"], "chart"]
    request = {"works": works, "name": os.path.basename(path), "parameters": parameters}
    target = "llmx.templates.builtin.data_analysis.compute.answering:answer"
    try:
        with open(path, "rb") as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST:
                raise InconclusiveError(f"{path} has {size} bytes, and {LARGEST} are the limit")
            _require_packages()
            told: dict[str, Any] = await call_async(target, request, file.fileno(), BOUNDS)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except OSError as error:
        raise InconclusiveError(f"{path} cannot be read: {error.strerror}") from None
    except BoundsError as error:
        raise InconclusiveError(f"{path}: {error.message}", hint="a lower max_rows, or a part of the file") from None
    return told


def _require_packages() -> None:
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise InconclusiveError(f"data-analysis needs {package}", hint=install_hint("data"))


def _value(told: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
    """What was computed; raises the fault where it could not be."""
    if "fault" in told:
        raise (UsageError if told["is_usage"] else InconclusiveError)(told["fault"])
    return told["value"]


def _complaint(text: str, known: Known) -> str:
    wrong = unknown(text, known)
    if wrong:
        return f"the text has numbers that were not computed: {', '.join(wrong[:5])}"
    return "" if mentions(text, known) else "the text names no column with a number that was computed"
