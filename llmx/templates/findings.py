"""Findings of any reviewing template: their severities, what makes two of them one, and the score of all."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypedDict

SEVERITIES = ("info", "low", "medium", "high", "critical")
_WEIGHTS = {"info": 0.0, "low": 1.0, "medium": 4.0, "high": 12.0, "critical": 30.0}


class Finding(TypedDict):
    """One finding; lines count from 1, ``evidence`` is the source's own text."""

    file: str
    line: int
    end_line: int
    rule: str
    severity: str
    message: str
    evidence: str
    suggestion: str
    fingerprint: str
    patch: str


def fingerprint(path: str, rule: str, code: str) -> str:
    """What stays the same while a finding is told in other words and its line moves: path, rule and the code itself."""
    normal = " ".join(code.split())
    return hashlib.sha256(f"{path}\0{rule}\0{normal}".encode(errors="replace")).hexdigest()[:32]


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Each once, told by its most severe version; most severe first, then by place."""
    best: dict[str, Finding] = {}
    for finding in findings:
        known = best.get(finding["fingerprint"])
        if known is None or _rank(finding) > _rank(known):
            best[finding["fingerprint"]] = finding
    return sorted(best.values(), key=lambda each: (-_rank(each), each["file"], each["line"], each["rule"]))


def at_least(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """Those of that severity or worse."""
    return [each for each in findings if _rank(each) >= SEVERITIES.index(severity)]


def score(findings: Sequence[Finding]) -> int:
    """100 for none, less for each by its severity, never below 0."""
    return max(0, round(100 - sum(_WEIGHTS[each["severity"]] for each in findings)))


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding["severity"])
