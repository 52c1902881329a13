"""Findings as two CI systems show them beside the code."""

import json

from llmx.templates.outcomes import Result
from llmx.templates.reports.inert import APART

_GITHUB = {"critical": "error", "high": "error", "medium": "warning", "low": "notice", "info": "notice"}
_GITLAB = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}


def as_github(result: Result) -> str:
    """Annotations, as workflow commands on stdout."""
    lines = []
    for finding in result.findings or ():
        place = {"file": finding["file"], "line": str(finding["line"]), "endLine": str(finding["end_line"])}
        place["title"] = f"{finding['rule']} ({finding['severity']})"
        fields = ",".join(f"{name}={_property(value)}" for name, value in place.items())
        lines.append(f"::{_GITHUB[finding['severity']]} {fields}::{_data(finding['message'])}")
    if result.problem:
        lines.append(f"::error title={_property(result.template.id)}::{_data(result.problem)}")
    return "".join(f"{line}\n" for line in lines)


def as_gitlab(result: Result) -> str:
    """A Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/."""
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
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _data(text: str) -> str:
    """Text that ends no command and begins none, in the old form ``##[…]`` either."""
    shown = "".join(each if each.isprintable() or each in "\r\n" else " " for each in text)
    shown = shown.replace("##[", f"#{APART}#[")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
