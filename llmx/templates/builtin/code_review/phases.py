"""What code does in a review: read the sources, check what the model says against them, and merge it."""

from typing import Any

from llmx.templates.builtin.code_review.anchors import anchored
from llmx.templates.builtin.code_review.fixes import patch_of
from llmx.templates.builtin.code_review.sources import Source, collected, parts_of
from llmx.templates.findings import SEVERITIES, Finding, fingerprint, merged, score
from llmx.templates.phases import Context


def collect(context: Context) -> dict[str, Any]:
    """The sources in parts that fit a question, each for every aspect; what cannot be read is named with the reason."""
    sources = collected(context.parameters["code_path"], context.options, context.coverage)
    questions = [
        {"aspect": aspect, "text": text}
        for text in parts_of(sources, context.parameters["chunk_bytes"])
        for aspect in context.parameters["aspects"]
    ]
    return {"questions": questions, "files": [source.path for source in sources]}


def merge(context: Context) -> dict[str, Any]:
    """The findings that hold, once each, most severe first; those that point at nothing are counted, not told."""
    sources = {source.path: source for source in collected(context.parameters["code_path"], context.options, [])}
    questions, answers = context.results["collect"]["questions"], context.results["review"]
    told = [(each, q["aspect"]) for q, answer in zip(questions, answers, strict=True) for each in answer["findings"]]
    placed = [found for each, aspect in told if (found := _placed(each, aspect, sources, context))]
    least = context.parameters["severity_filter"]
    shown = SEVERITIES if least == "all" else SEVERITIES[SEVERITIES.index(least) :]
    kept = [each for each in merged(placed) if each["severity"] in shown]
    context.findings = kept
    return {
        "findings": kept,
        "counts": {severity: sum(each["severity"] == severity for each in kept) for severity in reversed(SEVERITIES)},
        "score": score(kept),
        "files_reviewed": len(sources),
        "not_in_the_source": len(told) - len(placed),
        "aspects": list(context.parameters["aspects"]),
    }


def _placed(said: dict[str, Any], aspect: str, sources: dict[str, Source], context: Context) -> Finding | None:
    """The finding at the line that holds its evidence; None where the source has no such line."""
    source = sources.get(said["file"].removeprefix("./"))
    anchor = anchored(source.lines, said["line"], said["evidence"]) if source else None
    if source is None or anchor is None or not source.is_asked(anchor.first, anchor.last):
        return None
    quoted = source.lines[anchor.first - 1 : anchor.last]
    finding: Finding = {
        "file": source.path,
        "line": anchor.first,
        "end_line": anchor.last,
        "rule": aspect,
        "severity": said["severity"],
        "message": said["message"],
        "evidence": "\n".join(quoted),
        "suggestion": said.get("suggestion", ""),
        "fingerprint": fingerprint(source.path, aspect, quoted[0]),
        "patch": "",
    }
    if context.parameters["generate_fixes"] and said.get("replacement") is not None:
        finding["patch"] = patch_of(source, anchor, said["replacement"])
    return finding
