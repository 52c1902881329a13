"""SARIF 2.1.0, as code scanning takes it: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from llmx import __version__
from llmx.templates.findings import Finding
from llmx.templates.outcomes import Result

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def as_sarif(result: Result) -> str:
    """The findings with fingerprints that stay, and whether the run was a whole one."""
    findings = result.findings or []
    known = result.baseline or {"known": [], "suppressed": []}
    every = [*findings, *known["known"], *(each["finding"] for each in known["suppressed"])]
    rules = sorted({finding["rule"] for finding in every})
    driver = {
        "name": f"llmx {result.template.id}",
        "version": __version__,
        "semanticVersion": result.template.version,
        "rules": [{"id": rule, "name": rule.title(), "shortDescription": {"text": rule}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result)],
        "results": list(_results(result, findings, rules)),
        "properties": {"provenance": result.provenance, "coverage": result.coverage},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


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


def _invocation(result: Result) -> dict[str, Any]:
    was_whole = result.outcome in ("clean", "findings")
    invocation: dict[str, Any] = {"executionSuccessful": was_whole, "exitCode": result.exit_code}
    if result.problem:
        notice = {"level": "error", "message": {"text": result.problem}}
        invocation["toolExecutionNotifications"] = [notice]
    return invocation


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    region = {"startLine": finding["line"], "endLine": finding["end_line"], "snippet": {"text": finding["evidence"]}}
    location = {"artifactLocation": {"uri": quote(finding["file"]), "uriBaseId": "%SRCROOT%"}, "region": region}
    return {
        "ruleId": finding["rule"],
        "ruleIndex": rules.index(finding["rule"]),
        "level": _LEVELS[finding["severity"]],
        "message": {"text": finding["message"]},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"llmx/v1": finding["fingerprint"]},
        "properties": {"severity": finding["severity"], "security-severity": _SECURITY[finding["severity"]]},
    }
