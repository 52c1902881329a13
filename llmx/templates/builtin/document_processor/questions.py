"""The five transformations: what shape an answer has, what is wrong with one, and how the parts become one."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from llmx.templates.builtin.document_processor.checks import (
    complaint_about_form,
    complaint_about_summary,
    complaint_about_translation,
    squeezed,
    stands_in,
)

Answer = dict[str, Any]
TEXT = {"type": "string", "minLength": 1}


def shape(**properties: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON Schemas
    """An object that has these and nothing else."""
    required = list(properties)
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


class Transformation(NamedTuple):
    """``complain`` says what is wrong with the answer about a text; ``join`` makes one of those about all parts."""

    schema: Callable[[Mapping[str, Any]], dict[str, Any]]
    complain: Callable[[Answer, str], str]
    join: Callable[[Sequence[Answer], Sequence[Mapping[str, Any]]], Answer]


def _joined_texts(answers: Sequence[Answer], parts: Sequence[Mapping[str, Any]]) -> Answer:
    """The parts one after the other, with the spaces between them that the document has."""
    told = ""
    for answer, part in zip(answers, parts, strict=True):
        text = part["text"]
        before = text[: len(text) - len(text.lstrip())]
        after = text[len(text.rstrip()) :] if text.strip() else ""
        told += before + answer["text"].strip() + after
    return {"text": told.strip()}


def _joined_points(answers: Sequence[Answer], parts: Sequence[Mapping[str, Any]]) -> Answer:
    """Each point once, with its place; those whose quote stands nowhere are counted."""
    points: dict[str, dict[str, str]] = {}
    bogus = 0
    for answer, part in zip(answers, parts, strict=True):
        for point in answer["points"]:
            if stands_in(point["quote"], part["text"]):
                points.setdefault(squeezed(point["text"]), {**point, "place": part["place"]})
            else:
                bogus += 1
    return {"points": list(points.values()), "not_in_the_document": bogus}


def _most_of_it(answers: Sequence[Answer], parts: Sequence[Mapping[str, Any]]) -> Answer:
    """The category of most of the text, by characters."""
    weights: dict[str, int] = defaultdict(int)
    first: dict[str, dict[str, str]] = {}
    for answer, part in zip(answers, parts, strict=True):
        key = answer["category"].strip().casefold()
        weights[key] += len(part["text"])
        first.setdefault(
            key, {"category": answer["category"].strip(), "quote": answer["quote"], "place": part["place"]}
        )
    best = max(weights, key=lambda key: weights[key])
    return {**first[best], "share": round(weights[best] / sum(weights.values()), 3)}


def _complain_about_points(answer: Answer, text: str) -> str:
    if not answer["points"]:
        return "there is no point in it"
    found = any(stands_in(point["quote"], text) for point in answer["points"])
    return "" if found else "no quote stands in the text"


def _category_schema(parameters: Mapping[str, Any]) -> dict[str, Any]:
    given = list(parameters["categories"])
    category = {"type": "string", "enum": given} if given else {**TEXT, "maxLength": 60}
    return shape(category=category, quote=TEXT)


TRANSFORMATIONS: dict[str, Transformation] = {
    "summarize": Transformation(
        lambda _: shape(summary=TEXT),
        lambda answer, text: complaint_about_summary(answer["summary"], text),
        lambda answers, _: {"summary": "\n\n".join(answer["summary"].strip() for answer in answers)},
    ),
    "extract_key_points": Transformation(
        lambda _: shape(points={"type": "array", "items": shape(text=TEXT, quote=TEXT)}),
        _complain_about_points,
        _joined_points,
    ),
    "translate": Transformation(
        lambda _: shape(text=TEXT),
        lambda answer, text: complaint_about_translation(answer["text"], text),
        _joined_texts,
    ),
    "reformat": Transformation(
        lambda _: shape(text=TEXT),
        lambda answer, text: complaint_about_form(answer["text"], text),
        _joined_texts,
    ),
    "classify": Transformation(
        _category_schema,
        lambda answer, text: "" if stands_in(answer["quote"], text) else "the quote does not stand in the text",
        _most_of_it,
    ),
}
