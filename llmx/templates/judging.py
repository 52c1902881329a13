"""What a run came to: by what was read and found, never by what a model thinks of it."""

from typing import Any

from llmx.templates.findings import at_least
from llmx.templates.outcomes import Result

HARMLESS = (
    "not code by its name",
    "empty",
    "deleted",
    "nothing is added",
    "binary",
    "a link",
    "another repository",
    "installed or built",
    "hidden",
    "no regular file",
)
"""Reasons to skip a file that leave nothing uncovered."""


def left_out(coverage: list[dict[str, Any]]) -> str:
    """The first reason in ``coverage``, for a hint: as it can be typed, and where no result tells it."""
    if not coverage:
        return "there is no file"
    more = f"; and {len(coverage) - 1} more" if len(coverage) > 1 else ""
    return f"{coverage[0]['path']}: {coverage[0]['reason']}{more}"


def judge(result: Result, *, fail_on: str, min_coverage: float) -> None:
    """Clean, findings or inconclusive; findings that hold are told also where the rest is in doubt."""
    if result.problem:
        return
    doubt = _doubt(result, min_coverage)
    if doubt:
        result.outcome, result.problem = "inconclusive", doubt
    elif fail_on != "never" and result.findings and at_least(result.findings, fail_on):
        result.outcome = "findings"


def _doubt(result: Result, min_coverage: float) -> str:
    """Why nothing can be concluded; empty where something can."""
    checks = result.checks
    if checks.doubts:
        return f"what has answered was not named: {checks.doubts[0]}"
    missed = [each for each in checks.canaries if not each["reported"]]
    if missed:
        return (
            f"{len(missed)} of {len(checks.canaries)} planted defects were not reported, such as "
            f"{missed[0]['defect']} in {missed[0]['file']}: what else was missed is not known"
        )
    if checks.unverified and not checks.verified:
        return (
            f"all {checks.unverified} findings of the model were dropped: what they quote stands nowhere in the source"
        )
    read = sum(each["read"] for each in result.coverage)
    due = [each for each in result.coverage if each["read"] or each["reason"] not in HARMLESS]
    share = 100.0 * read / len(due) if due else 100.0
    if share < min_coverage:
        return f"{read} of {len(due)} files were read, {share:.0f} %, and {min_coverage:g} % are asked"
    return ""
