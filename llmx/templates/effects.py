"""What a phase leaves beside its value: what it read, made and found. Each try of a phase begins with none of it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from llmx.templates import Artifact
from llmx.templates.findings import Finding
from llmx.templates.outcomes import Checks
from llmx.templates.phases import Context


@dataclass
class Effects:
    """What is added to a run when a phase is done, now or when the run goes on later."""

    coverage: list[dict[str, Any]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    findings: list[Finding] | None = None
    checks: Checks = field(default_factory=Checks)

    def apply(self, context: Context) -> None:
        """Add them to the run; what was said of a path before is replaced."""
        rows = {each["path"]: each for each in (*context.coverage, *self.coverage)}
        context.coverage[:] = rows.values()
        context.inputs.update(self.inputs)
        context.files.update(self.files)
        for each in self.artifacts:
            context.add(each.name, each.data, each.media_type)
        if self.findings is not None:
            context.findings = self.findings
        context.checks.add(self.checks)

    def as_dict(self) -> dict[str, Any]:
        """For a file."""
        made = [[each.name, base64.b64encode(each.data).decode(), each.media_type] for each in self.artifacts]
        return {**vars(self), "artifacts": made, "checks": vars(self.checks)}


def read_effects(told: Mapping[str, Any]) -> Effects:
    """Those that ``as_dict`` has written."""
    made = [Artifact(name, base64.b64decode(data), kind) for name, data, kind in told["artifacts"]]
    checks = Checks(**told["checks"])
    return Effects(told["coverage"], told["inputs"], told["files"], made, told["findings"], checks)


class View:
    """A run as one try of a phase sees it: it may read all that was done, and what it adds is kept apart."""

    def __init__(self, context: Context) -> None:
        self._covered = list(context.coverage)
        self._inputs = dict(context.inputs)
        self._files = dict(context.files)
        self._made = list(context.artifacts)
        self._findings = context.findings
        self.context = replace(
            context,
            coverage=list(context.coverage),
            inputs=dict(context.inputs),
            files=dict(context.files),
            artifacts=list(context.artifacts),
            checks=Checks(),
        )

    def effects(self) -> Effects:
        """What the phase has added."""
        seen = self.context
        return Effects(
            [each for each in seen.coverage if each not in self._covered],
            {name: sum_ for name, sum_ in seen.inputs.items() if self._inputs.get(name) != sum_},
            {path: sum_ for path, sum_ in seen.files.items() if self._files.get(path) != sum_},
            [each for each in seen.artifacts if not any(each is other for other in self._made)],
            seen.findings if seen.findings is not self._findings else None,
            seen.checks,
        )
