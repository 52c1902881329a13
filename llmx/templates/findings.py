"""Findings of any reviewing template: their severities, what makes two of them one, and the score of all."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

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


def fingerprint(path: str, rule: str, code: str, nth: int = 0) -> str:
    """What stays the same while a finding is told in other words and its line moves: path, rule and the code itself.

    ``nth`` tells lines apart that say the same: how many such lines stand before it in the file.
    """
    normal = " ".join(code.split())
    again = f"\0{nth}" if nth else ""
    return hashlib.sha256(f"{path}\0{rule}\0{normal}{again}".encode(errors="replace")).hexdigest()[:32]


class Voted(NamedTuple):
    """What the majority saw, and what only some did: the finding, and how many of the votes it had."""

    kept: list[Finding]
    unstable: list[dict[str, Any]]


def majority(samples: Sequence[Sequence[Finding]]) -> Voted:
    """The findings of more than half of the samples, each with the severity that at least half of them give it."""
    seen: dict[str, list[Finding]] = {}
    for sample in samples:
        for finding in merged(sample):
            seen.setdefault(finding["fingerprint"], []).append(finding)
    kept, unstable = [], []
    for each in seen.values():
        ranked = sorted(each, key=_rank)
        agreed = ranked[(len(ranked) - 1) // 2]
        holds = len(each) * 2 > len(samples)
        if holds:
            kept.append(agreed)
        if len(each) < len(samples) or ranked[0]["severity"] != ranked[-1]["severity"]:
            place = {key: agreed[key] for key in ("fingerprint", "file", "line", "rule", "severity")}
            unstable.append({**place, "votes": len(each), "kept": holds})
    return Voted(merged(kept), unstable)


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
