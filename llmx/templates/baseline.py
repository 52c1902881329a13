"""A baseline: findings that are known, and those that somebody suppresses until a day, with the reason.

A file in TOML, JSON or YAML, for people to read and edit::

    [known]
    2f1c… = "src/a.py: security, high: a shell runs what the caller says"

    [suppressed.77ab…]
    reason = "the tests run it on text of their own"
    expires = 2027-01-31
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from llmx.core.edits import Change, Set, edit, read
from llmx.errors import ConfigError, NotFoundError, nearest
from llmx.templates.findings import Finding
from llmx.templates.outcomes import Result

KEYS, FIELDS = ("known", "suppressed"), ("reason", "expires")


class Suppression(NamedTuple):
    """Why a finding does not count, and the last day on which it does not."""

    reason: str
    expires: date


@dataclass
class Baseline:
    """What a file says about findings, by their fingerprints."""

    file: Path
    known: Mapping[str, str] = field(default_factory=dict)
    suppressed: Mapping[str, Suppression] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def sort(self, result: Result) -> None:
        """Leave in ``findings`` only those that count: they are new, or their suppression has expired."""
        new: list[Finding] = []
        told: dict[str, Any] = {"file": str(self.file), "known": [], "suppressed": [], "expired": []}
        for finding in result.findings or ():
            mark = finding["fingerprint"]
            suppression = self.suppressed.get(mark)
            if suppression and suppression.expires >= self.today:
                reason = {"reason": suppression.reason, "expires": suppression.expires.isoformat()}
                told["suppressed"].append({"finding": finding, **reason})
                continue
            if suppression:
                told["expired"].append({"fingerprint": mark, "expires": suppression.expires.isoformat()})
            if mark in self.known and not suppression:
                told["known"].append(finding)
            else:
                new.append(finding)
        seen = {finding["fingerprint"] for finding in result.findings or ()}
        told["gone"] = sorted(set(self.known) - seen)
        result.findings, result.baseline = new, told

    def update(self, result: Result) -> None:
        """Add what was found to the file, where the run came to an end; then nothing of it is new any more.

        What was not found this time stays: a model that overlooks it once would make it new the next time.
        """
        if result.outcome not in ("clean", "findings") or result.findings is None or result.baseline is None:
            return
        lines = {each["fingerprint"]: _line(each) for each in result.findings}
        if lines or not self.file.exists():
            edit([Change(self.file, [Set(("known",), {**self.known, **lines})])], title=f"baseline {self.file.name}")
        result.baseline["known"] += result.findings
        result.baseline["added"] = len(lines)
        result.findings, result.outcome = [], "clean"


def read_baseline(name: str, *, is_new: bool = False) -> Baseline:
    """The baseline in a file; raises ``NotFoundError`` where there is none, unless one is to be made."""
    file = Path(name)
    if not file.exists():
        if is_new:
            return Baseline(file)
        raise NotFoundError(f"there is no baseline {name}", hint="--update-baseline makes one of what is found")
    data = read(file)
    _require(isinstance(data, dict), file, "", "it must be a table")
    assert isinstance(data, dict)
    for key in data:
        near = nearest(str(key), KEYS)
        _require(key in KEYS, file, str(key), f"there is no such key; did you mean {near or 'known'}?")
    known, suppressed = data.get("known", {}), data.get("suppressed", {})
    _require(isinstance(known, dict), file, "known", "it must be a table of fingerprints")
    _require(isinstance(suppressed, dict), file, "suppressed", "it must be a table of fingerprints")
    assert isinstance(known, dict)
    assert isinstance(suppressed, dict)
    return Baseline(
        file,
        {str(k): str(v) for k, v in known.items()},
        {str(k): _suppression(file, k, v) for k, v in suppressed.items()},
    )


def _suppression(file: Path, mark: object, table: object) -> Suppression:
    place = f"suppressed.{mark}"
    _require(isinstance(table, dict), file, place, "it must be a table with reason and expires")
    assert isinstance(table, dict)
    for key in table:
        _require(key in FIELDS, file, f"{place}.{key}", "there is no such key; it has reason and expires")
    reason, expires = table.get("reason"), table.get("expires")
    _require(isinstance(reason, str) and reason.strip() != "", file, f"{place}.reason", "it must be a text")
    day = _day(expires)
    _require(day is not None, file, f"{place}.expires", "it must be a day such as 2027-01-31")
    assert day is not None
    return Suppression(str(reason), day)


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _line(finding: Finding) -> str:
    said = " ".join(finding["message"].split())
    return f"{finding['file']}: {finding['rule']}, {finding['severity']}: {said[:100]}"


def _require(holds: bool, file: Path, place: str, otherwise: str) -> None:
    if not holds:
        where = f"{file}: {place}" if place else str(file)
        raise ConfigError(f"{where}: {otherwise}", source=str(file), key=place)
