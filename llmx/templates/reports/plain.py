"""Reports for people and for programs of one's own."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from llmx.templates.findings import Finding
from llmx.templates.outcomes import Result
from llmx.templates.reports import LONGEST_SUMMARY
from llmx.templates.reports.inert import answered, bare, inert, printable, quoted

TEXTS, ANSWERS = ("text",), ("content", "output", "reply", "answer")
"""Where a result has words for people: those that a template has put together, and those of a model as they are."""


class Ink(NamedTuple):
    """How a report is set: one line of others' words, what a template says in Markdown, a model's words, and marks."""

    words: Callable[[str], str]
    told: Callable[[str], str]
    answer: Callable[[str], list[str]]
    title: str
    heading: str
    strong: str


MARKDOWN = Ink(inert, str, quoted, "# ", "## ", "**")
PLAIN = Ink(printable, bare, answered, "", "", "")


def as_json(result: Result) -> str:
    """The envelope, without where artifacts were written."""
    return json.dumps(result.envelope([]), indent=1, ensure_ascii=False) + "\n"


def as_markdown(result: Result) -> str:
    """What the template says itself (``text`` in its result), what was found, and what was not read."""
    return _report(result, MARKDOWN)


def as_text(result: Result) -> str:
    """The same without markup, for stdout, and without the problem, which stderr has.

    No line of it is a command of a CI system.
    """
    return _report(result, PLAIN)


def _report(result: Result, ink: Ink) -> str:
    told, answer = _text(result, TEXTS), _text(result, ANSWERS)
    own = [ink.told(told), ""] if told else [*ink.answer(answer), ""] if answer else []
    found = [line for finding in result.findings or () for line in finding_lines(finding, ink)]
    return "\n".join([*_head(result, ink), *own, *found, *_tail(result, ink)])


def as_summary(result: Result, room: int = LONGEST_SUMMARY) -> str:
    """``as_markdown`` where anybody's words must do nothing, in ``room`` bytes; what does not fit is counted."""
    told = _text(result, (*TEXTS, *ANSWERS))
    blocks = ["\n".join(_head(result, MARKDOWN))]
    blocks += [*quoted(told), ""] if told else []
    blocks += ["\n".join(finding_lines(finding)) for finding in result.findings or ()]
    tail = "\n".join(_fitting(["", *_tail(result, MARKDOWN)], room // 2))
    return "\n".join([*_fitting(blocks, room - len(tail.encode(errors="replace")) - 2), tail]) + "\n"


def _fitting(blocks: Sequence[str], room: int) -> Iterator[str]:
    """As many as there is room for, and how many more there are."""
    left = room - len("\n\n1000000 more lines and findings are not shown here: they do not fit.\n")
    for number, block in enumerate(blocks):
        left -= len(block.encode(errors="replace")) + 1
        if left < 0:
            yield f"\n{len(blocks) - number} more lines and findings are not shown here: they do not fit."
            return
        yield block


def _text(result: Result, names: Sequence[str]) -> str:
    """The first of these in a result; what is a text, a number or a list itself is taken for an answer."""
    value = result.result
    if not isinstance(value, dict):
        is_text = isinstance(value, str) or value is None
        value = {ANSWERS[0]: value if is_text else json.dumps(value, ensure_ascii=False)}
    return next((value[name] for name in names if isinstance(value.get(name), str) and value[name]), "")


def _head(result: Result, ink: Ink) -> Iterator[str]:
    yield from (f"{ink.title}{ink.words(result.template.id)}: {result.outcome}", "")
    if result.problem and ink is not PLAIN:
        yield from (f"{ink.strong}{ink.words(result.problem)}{ink.strong}", "")
    for who in result.provenance.get("models", ()):
        if who["mock"] or who["demo"]:
            kind = (
                "a mock, no model: what it says is made up" if who["mock"] else "the demo model, too small to be of use"
            )
            yield from (f"Answered by {ink.words(who['model'])}, {kind}.", "")


def finding_lines(finding: Finding, ink: Ink = MARKDOWN) -> Iterator[str]:
    """One finding: where it is, what it is, the code, and what to do."""
    place = f"{finding['file']}:{finding['line']}"
    yield from (
        f"{ink.heading}{finding['severity']}: {ink.words(place)} ({ink.words(finding['rule'])})",
        "",
        ink.words(finding["message"]),
        "",
    )
    yield from (*quoted(finding["evidence"]), "")
    if finding["suggestion"]:
        yield from (f"Suggestion: {ink.words(finding['suggestion'])}", "")


def _tail(result: Result, ink: Ink) -> Iterator[str]:
    if result.findings == []:
        yield from ("Nothing was found." if not result.baseline else "Nothing new was found.", "")
    if result.baseline:
        counts = [f"{len(result.baseline[key])} {key}" for key in ("known", "suppressed", "expired")]
        yield from (f"By the baseline: {', '.join(counts)}.", "")
    checks = result.checks
    if checks.canaries:
        seen = sum(each["reported"] for each in checks.canaries)
        yield from (f"{seen} of {len(checks.canaries)} planted defects were reported.", "")
    if checks.votes > 1:
        yield from (f"{checks.votes} votes; {len(checks.unstable)} findings were not the same in all of them.", "")
    if checks.unverified:
        yield from (f"{checks.unverified} findings were dropped: what they quote stands nowhere in the source.", "")
    if result.coverage:
        read = sum(each["read"] for each in result.coverage)
        left = [each for each in result.coverage if not each["read"]]
        skipped = [f"- {ink.words(each['path'])}: {ink.words(each['reason'])}" for each in left]
        yield from (f"{read} of {len(result.coverage)} files were read.", "", *skipped, *([""] if skipped else []))
