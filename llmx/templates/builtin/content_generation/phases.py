"""Writing, judging and editing, part by part: the editor's score and the length decide, and code puts them together."""

import json
import math
import re
from typing import Any

from llmx.errors import SchemaError
from llmx.templates.builtin.content_generation.measures import length_fit, measured
from llmx.templates.findings import Finding, fingerprint
from llmx.templates.markdown import as_html, as_text
from llmx.templates.phases import Context

REVIEW_TOKENS = 1000
WORDS_OF_A_PART = 1200
"""A longer text is written, judged and edited in parts, so that no answer is cut."""

EXTENSIONS = {"markdown": "md", "html": "html", "text": "txt", "json": "json"}
MEDIA_TYPES = {"markdown": "text/markdown", "html": "text/html", "text": "text/plain", "json": "application/json"}

_REVIEW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score", "feedback"],
    "properties": {
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "feedback": {"type": "array", "items": {"type": "string"}},
    },
}
_FENCED = re.compile(r"\s*```(?:markdown|md)?[ \t]*\n(.*)\n```\s*", re.DOTALL)


async def write(context: Context) -> list[str]:
    """The first draft: one text, or as many parts as its length needs."""
    groups = _groups(context)
    outlines = [_outline(context, sections) for sections in groups]
    return await written(context, outlines, words_of(context, len(groups)))


async def written(context: Context, outlines: list[str], words: int) -> list[str]:
    """A text for each outline, of about so many words."""
    drafts = []
    for number, outline in enumerate(outlines, 1):
        values = {"number": number, "parts": len(outlines), "words": words, "outline": outline}
        drafts.append(await _text(context, f"write.{number}", "write.j2", values))
    return drafts


async def edit(context: Context) -> dict[str, Any]:
    """The best of the drafts, and what was said and measured of each."""
    given = context.parameters
    parts: list[str] = context.results["write"]
    best: dict[str, Any] = {"quality": -1.0}
    rounds: list[dict[str, Any]] = []
    for number in range(1, given["max_iterations"] + 1):
        reviews = await reviewed(context, number, parts, words_of(context, len(parts)))
        told = _judged(parts, reviews, given["target_length"])
        rounds.append({"round": number, **told})
        if told["quality"] > best["quality"]:
            best = {"quality": told["quality"], "round": number, "parts": parts}
        if told["quality"] >= given["quality_threshold"] or number == given["max_iterations"]:
            break
        parts = await improved(context, number, parts, reviews, words_of(context, len(parts)))
    return {**best, "rounds": rounds}


def put(context: Context) -> dict[str, Any]:
    """The files, and the result; a quality below the threshold is a finding."""
    given, plan, edited = context.parameters, context.results["plan"], context.results["edit"]
    text = "\n\n".join(edited["parts"]) + "\n"
    if given["include_outline"]:
        text = f"{_headings(plan)}\n\n{text}"
    quality, threshold = edited["quality"], given["quality_threshold"]
    result = {
        "title": plan["title"],
        "quality": quality,
        "quality_threshold": threshold,
        "threshold_met": quality >= threshold,
        "iterations": len(edited["rounds"]),
        "rounds": edited["rounds"],
        "target_length": given["target_length"],
        **measured(text),
        "content": text,
    }
    form = given["output_format"]
    name = f"generated-content.{EXTENSIONS[form]}"
    context.add("content-plan.md", _plan(plan), "text/markdown")
    context.add(name, _formed(result, form), MEDIA_TYPES[form])
    context.findings = [] if result["threshold_met"] else [_shortfall(name, result)]
    return result


def _groups(context: Context) -> list[list[dict[str, Any]]]:
    """The plan's sections, by the part that they are written in."""
    sections = context.results["plan"]["sections"]
    wanted = most_parts(context)
    size = math.ceil(len(sections) / min(wanted, len(sections)))
    return [sections[at : at + size] for at in range(0, len(sections), size)]


def most_parts(context: Context) -> int:
    """How many parts a text of that length is written in, where its plan has as many sections."""
    return math.ceil((context.parameters["target_length"] or 1) / WORDS_OF_A_PART)


def words_of(context: Context, parts: int) -> int:
    """About how many words a part is to have; 0 for as many as it needs."""
    return round((context.parameters["target_length"] or 0) / parts)


async def _text(context: Context, name: str, template: str, values: dict[str, Any]) -> str:
    """What the model writes, without a fence around all of it."""
    answer = await _asked(context, name, template, values, max_tokens=room_of(values["words"]))
    fenced = _FENCED.fullmatch(answer)
    text = (fenced[1] if fenced else answer).strip()
    if not text:
        raise SchemaError("the model wrote nothing", hint="another model may do better")
    return text


def room_of(words: int) -> int:
    """How many tokens a text of so many words may have."""
    return max(2000, 3 * words)


async def _asked(context: Context, name: str, template: str, values: dict[str, Any], **options: Any) -> Any:  # noqa: ANN401
    """The answer to one of the prompts, kept as ``name``."""
    values = {**context.values, **values}
    prompt, system = (context.renderer.file(file, values) for file in (template, "system.j2"))
    return await context.once(name, lambda: context.ask(prompt, system, **options))


async def reviewed(context: Context, turn: int, parts: list[str], words: int) -> list[dict[str, Any]]:
    """The editor's score and feedback for each part."""
    reviews = []
    for number, draft in enumerate(parts, 1):
        values = {"number": number, "parts": len(parts), "words": words, "draft": draft, "facts": measured(draft)}
        name = f"edit.{turn}.review.{number}"
        reviews.append(await _asked(context, name, "review.j2", values, schema=_REVIEW, max_tokens=REVIEW_TOKENS))
    return reviews


async def improved(
    context: Context, turn: int, parts: list[str], reviews: list[dict[str, Any]], words: int
) -> list[str]:
    """The parts as the editor would have them."""
    better = []
    for number, (draft, review) in enumerate(zip(parts, reviews, strict=True), 1):
        values = {"number": number, "parts": len(parts), "words": words, "draft": draft, "facts": measured(draft)}
        values["feedback"] = "\n".join(f"- {line}" for line in review["feedback"]) or "- make it better"
        better.append(await _text(context, f"edit.{turn}.draft.{number}", "improve.j2", values))
    return better


def _judged(parts: list[str], reviews: list[dict[str, Any]], target: int | None) -> dict[str, Any]:
    """The quality: the editor's score, each part by its length, times how well the length fits."""
    counts = [measured(part)["words"] for part in parts]
    total = sum(counts)
    score = sum(count * review["score"] for count, review in zip(counts, reviews, strict=True)) / max(1, total)
    fit = length_fit(total, target)
    return {
        "quality": round(score * fit, 3),
        "score": round(score, 3),
        "length_fit": fit,
        "words": total,
        "feedback": [line for review in reviews for line in review["feedback"]],
    }


def _outline(context: Context, sections: list[dict[str, Any]]) -> str:
    lines = [context.results["plan"]["title"]]
    for section in sections:
        lines += ["", section["heading"], *(f"- {point}" for point in section["points"])]
    return "\n".join(lines)


def _plan(plan: dict[str, Any]) -> str:
    lines = [f"# {plan['title']}"]
    for section in plan["sections"]:
        lines += ["", f"## {section['heading']}", "", *(f"- {point}" for point in section["points"])]
    return "\n".join(lines) + "\n"


def _headings(plan: dict[str, Any]) -> str:
    return "\n".join(f"{number}. {section['heading']}" for number, section in enumerate(plan["sections"], 1))


def _formed(result: dict[str, Any], form: str) -> str:
    match form:
        case "html":
            return as_html(result["content"], result["title"])
        case "text":
            return as_text(result["content"]) + "\n"
        case "json":
            return json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    return str(result["content"])


def _shortfall(name: str, result: dict[str, Any]) -> Finding:
    """What a pipeline is told of a text that is not good enough."""
    best = max(result["rounds"], key=lambda told: told["quality"])
    said = (
        f"the quality is {result['quality']:g} after {result['iterations']} rounds, and {result['quality_threshold']:g}"
        f" is asked (editor {best['score']:g}, length {best['length_fit']:g}, {best['words']} words)"
    )
    return {
        "file": name,
        "line": 1,
        "end_line": 1,
        "rule": "quality-threshold",
        "severity": "medium",
        "message": said,
        "evidence": result["title"],
        "suggestion": "; ".join(best["feedback"]),
        "fingerprint": fingerprint(name, "quality-threshold", result["title"]),
        "patch": "",
    }
