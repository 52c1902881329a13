"""SARIF 2.1.0, as code scanning takes it: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

import json
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
    rules = sorted({finding["rule"] for finding in findings})
    driver = {
        "name": f"llmx {result.template.id}",
        "version": __version__,
        "semanticVersion": result.template.version,
        "rules": [{"id": rule, "name": rule.title(), "shortDescription": {"text": rule}} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result)],
        "results": [_result(finding, rules) for finding in findings],
        "properties": {"provenance": result.provenance, "coverage": result.coverage},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


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
