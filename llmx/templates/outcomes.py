"""How a template ended, as one envelope of the same shape for every template and every ending."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmx.errors import InconclusiveError, LlmxError
from llmx.templates import ENVELOPE, Artifact, Outcome, Template
from llmx.templates.findings import Finding

EXIT_CODES: dict[Outcome, int] = {"clean": 0, "findings": 1, "failed": 1, "inconclusive": 3}


@dataclass
class Metrics:
    """What a run took. ``tokens_used`` and ``cost_usd`` are of what was asked now, and None where that is not known."""

    duration_ms: int = 0
    tokens_used: int | None = 0
    cost_usd: float | None = 0.0
    agents_invoked: int = 0
    tools_invoked: int = 0
    rag_queries: int = 0
    model_calls: int = 0
    cached_calls: int = 0
    failed_calls: int = 0


@dataclass
class Checks:
    """What speaks for or against a result. ``unverified`` counts what a model reported and nothing bears out.

    ``canaries`` are the defects that were planted, and whether each was reported; ``unstable`` is what only some of the
    ``votes`` saw; ``doubts`` are reasons for which nothing can be concluded.
    """

    verified: int = 0
    unverified: int = 0
    canaries: list[dict[str, Any]] = field(default_factory=list)
    votes: int = 1
    unstable: list[dict[str, Any]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, other: "Checks") -> None:
        """Those of another part of the same run."""
        self.verified += other.verified
        self.unverified += other.unverified
        self.canaries += other.canaries
        self.votes = max(self.votes, other.votes)
        self.unstable += other.unstable
        self.doubts += [doubt for doubt in other.doubts if doubt not in self.doubts]


@dataclass
class Result:
    """What came of a run. ``exit_code`` is the error's own where one ended it; ``problem`` says what kept it short.

    ``findings`` are those that count: not those that the ``baseline`` knows. ``kept`` is what can be gone on with, a
    ``Kept``.
    """

    template: Template
    parameters: dict[str, Any]
    run: str
    outcome: Outcome = "clean"
    result: Any = None
    artifacts: list[Artifact] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    phases: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] | None = None
    coverage: list[dict[str, Any]] = field(default_factory=list)
    checks: Checks = field(default_factory=Checks)
    baseline: dict[str, Any] | None = None
    problem: str = ""
    failed_phase: str = ""
    code: int | None = None
    error: LlmxError | None = None
    kept: Any = None

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        return EXIT_CODES[self.outcome] if self.code is None else self.code

    def fail(self, error: LlmxError, phase: str = "") -> None:
        """What did not run is never a success; a model that could not be asked makes the run inconclusive."""
        self.outcome = "inconclusive" if isinstance(error, InconclusiveError) else "failed"
        self.error, self.code = error, error.exit_code
        self.problem = error.message + (f" ({error.hint})" if error.hint else "")
        self.failed_phase = phase

    def envelope(self, paths: Sequence[str | None]) -> dict[str, Any]:
        """For programs; ``paths`` are where the artifacts were written."""
        return {
            "envelope": ENVELOPE,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "result": self.result,
            "artifacts": [
                {"name": each.name, "media_type": each.media_type, "bytes": len(each.data), "path": path}
                for each, path in zip(self.artifacts, paths or [None] * len(self.artifacts), strict=True)
            ],
            "metadata": {
                "template": self.template.id,
                "version": self.template.version,
                "run": self.run,
                "parameters": self.parameters,
                "phases": self.phases,
                "problem": self.problem or None,
                "failed_phase": self.failed_phase or None,
            },
            "findings": self.findings,
            "baseline": self.baseline,
            "coverage": self.coverage,
            "checks": vars(self.checks),
            "metrics": vars(self.metrics),
            "provenance": self.provenance,
        }
