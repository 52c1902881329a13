"""Findings as two CI systems show them beside the code."""

import json
from collections import Counter

from llmx.templates.findings import Finding, fingerprint
from llmx.templates.outcomes import Result
from llmx.templates.reports.inert import APART, short

_GITHUB = {"critical": "error", "high": "error", "medium": "warning", "low": "notice", "info": "notice"}
_GITLAB = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}


MOST_SHOWN = 10
"""Annotations of a level that GitHub shows of one step; what comes later stands in the log only."""
LONGEST = 4000
"""Characters of an annotation's text, of which GitHub shows only so many."""


def as_github(result: Result) -> str:
    """Annotations, as workflow commands on stdout: first what kept the run from being whole, then the most severe."""
    findings = result.findings or []
    counts = Counter(_GITHUB[finding["severity"]] for finding in findings)
    name = _property(result.template.id)
    lines = [f"::error title={name}::{_data(short(result.problem, LONGEST))}"] if result.problem else []
    if max(counts.values(), default=0) > MOST_SHOWN:
        said = f"{len(findings)} findings; GitHub shows {MOST_SHOWN} of a level here, the log has all"
        lines.append(f"::warning title={name}::{said}")
    return "".join(f"{line}\n" for line in [*lines, *map(_annotation, findings)])


def _annotation(finding: Finding) -> str:
    place = {"file": finding["file"], "line": str(finding["line"]), "endLine": str(finding["end_line"])}
    place["title"] = f"{finding['rule']} ({finding['severity']})"
    fields = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    return f"::{_GITHUB[finding['severity']]} {fields}::{_data(short(finding['message'], LONGEST))}"


def as_gitlab(result: Result) -> str:
    """A Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/.

    What kept the run from being whole is an entry as well: without any, the report would say that all is well.
    """
    rows = [
        {
            "description": finding["message"],
            "check_name": finding["rule"],
            "fingerprint": finding["fingerprint"],
            "severity": _GITLAB[finding["severity"]],
            "location": {"path": finding["file"], "lines": {"begin": finding["line"]}},
        }
        for finding in result.findings or ()
    ]
    if result.problem:
        unread = next((each["path"] for each in result.coverage if not each["read"]), result.template.id)
        place = {"path": unread, "lines": {"begin": 1}}
        name = f"{result.template.id}/{result.outcome}"
        facts = {"check_name": name, "fingerprint": fingerprint(unread, name, result.problem), "severity": "major"}
        rows.insert(0, {"description": f"{result.outcome}: {result.problem}", **facts, "location": place})
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _data(text: str) -> str:
    """Text that ends no command and begins none, in the old form ``##[…]`` either."""
    shown = "".join(each if each.isprintable() or each in "\r\n" else " " for each in text)
    shown = shown.replace("##[", f"#{APART}#[")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
