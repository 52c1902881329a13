"""Reports for people and for programs of one's own."""

import json

from llmx.templates.outcomes import Result


def as_json(result: Result) -> str:
    """The envelope, without where artifacts were written."""
    return json.dumps(result.envelope([]), indent=1, ensure_ascii=False) + "\n"


def as_markdown(result: Result) -> str:
    """What the template says itself (``text`` in its result), what was found, and what was not read."""
    lines = [f"# {result.template.id}: {result.outcome}", ""]
    if result.problem:
        lines += [f"**{inert(result.problem)}**", ""]
    if isinstance(result.result, dict) and isinstance(text := result.result.get("text"), str) and text:
        lines += [text, ""]
    for finding in result.findings or ():
        place = f"{finding['file']}:{finding['line']}"
        lines += [f"## {finding['severity']}: {inert(place)} ({finding['rule']})", "", inert(finding["message"]), ""]
        lines += [*(f"    {line}" for line in finding["evidence"].split("\n")), ""]
        if finding["suggestion"]:
            lines += [f"Suggestion: {inert(finding['suggestion'])}", ""]
    if result.findings == []:
        lines += ["Nothing was found.", ""]
    lines += _coverage(result)
    return "\n".join(lines)


def _coverage(result: Result) -> list[str]:
    if not result.coverage:
        return []
    read = sum(each["read"] for each in result.coverage)
    skipped = [f"- {inert(each['path'])}: {each['reason']}" for each in result.coverage if not each["read"]]
    return [f"{read} of {len(result.coverage)} files were read.", "", *skipped, *([""] if skipped else [])]


def inert(text: str) -> str:
    """Text of a model or a repository that can be no markup: no link, picture, HTML, mention or control."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    for mark in "\\`*_[]<>#|!@":
        shown = shown.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return shown
