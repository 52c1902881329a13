"""SARIF 2.1.0, as code scanning takes it: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from llmx import __version__
from llmx.templates.findings import Finding
from llmx.templates.outcomes import Result
from llmx.templates.reports.inert import short

MOST, LARGEST, LONGEST = 5000, 9_000_000, 8000
"""Results, bytes of all of them, characters of one text: what GitHub shows, and less than the 10 MB that it takes."""
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def as_sarif(result: Result) -> str:
    """The findings with fingerprints that stay, and whether the run was a whole one."""
    findings = result.findings or []
    known = result.baseline or {"known": [], "suppressed": []}
    every = [*findings, *known["known"], *(each["finding"] for each in known["suppressed"])]
    rules = sorted({finding["rule"] for finding in every})
    told = list(_fitting(_results(result, findings, rules)))
    driver = {
        "name": f"llmx {result.template.id}",
        "version": __version__,
        "semanticVersion": result.template.version,
        "rules": [{"id": rule, "name": rule.title(), "shortDescription": {"text": rule}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result, len(every) - len(told))],
        "results": told,
        "properties": {"provenance": result.provenance, "coverage": _coverage(result)},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _fitting(results: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As many as code scanning takes, the first of them first: those that count, the most severe ones."""
    size = 0
    for number, each in enumerate(results):
        size += len(json.dumps(each, ensure_ascii=False).encode(errors="replace"))
        if number == MOST or size > LARGEST:
            return
        yield each


def _coverage(result: Result) -> list[dict[str, Any]] | dict[str, int]:
    """What was read and what was not; of very many files only how many."""
    if len(result.coverage) <= MOST:
        return result.coverage
    return {"files": len(result.coverage), "read": sum(each["read"] for each in result.coverage)}


def _results(result: Result, findings: list[Finding], rules: list[str]) -> Iterator[dict[str, Any]]:
    """Those that count, then those that the baseline knows or suppresses, marked as such."""
    if result.baseline is None:
        yield from (_result(finding, rules) for finding in findings)
        return
    yield from ({**_result(finding, rules), "baselineState": "new"} for finding in findings)
    yield from ({**_result(finding, rules), "baselineState": "unchanged"} for finding in result.baseline["known"])
    for each in result.baseline["suppressed"]:
        reason = f"{each['reason']} (until {each['expires']})"
        suppressions = [{"kind": "external", "status": "accepted", "justification": reason}]
        yield {**_result(each["finding"], rules), "baselineState": "unchanged", "suppressions": suppressions}


def _invocation(result: Result, missing: int) -> dict[str, Any]:
    was_whole = result.outcome in ("clean", "findings")
    invocation: dict[str, Any] = {"executionSuccessful": was_whole, "exitCode": result.exit_code}
    notices = [("error", result.problem)] if result.problem else []
    if missing:
        notices.append(("warning", f"{missing} more results are not here: they do not fit"))
    if notices:
        told = [{"level": level, "message": {"text": text}} for level, text in notices]
        invocation["toolExecutionNotifications"] = told
    return invocation


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    evidence, mark = short(finding["evidence"], LONGEST), finding["fingerprint"]
    region = {"startLine": finding["line"], "endLine": finding["end_line"], "snippet": {"text": evidence}}
    location = {"artifactLocation": {"uri": quote(finding["file"]), "uriBaseId": "%SRCROOT%"}, "region": region}
    return {
        "ruleId": finding["rule"],
        "ruleIndex": rules.index(finding["rule"]),
        "level": _LEVELS[finding["severity"]],
        "message": {"text": short(finding["message"], LONGEST)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"llmx/v1": mark, "primaryLocationLineHash": f"{mark}:1"},  # the name that GitHub reads
        "properties": {"severity": finding["severity"], "security-severity": _SECURITY[finding["severity"]]},
    }
