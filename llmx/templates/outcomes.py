"""How a template ended, as one envelope of the same shape for every template and every ending."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmx import __version__
from llmx.templates import ENVELOPE, Artifact, Outcome, Template
from llmx.templates.findings import Finding

EXIT_CODES: dict[Outcome, int] = {"clean": 0, "findings": 1, "failed": 1, "inconclusive": 3}


@dataclass
class Metrics:
    """What a run took."""

    duration_ms: int = 0
    tokens_used: int = 0
    cost_usd: float | None = 0.0
    agents_invoked: int = 0
    tools_invoked: int = 0
    rag_queries: int = 0
    model_calls: int = 0
    cached_calls: int = 0


@dataclass
class Result:
    """What came of a run. ``exit_code`` is the error's own where one ended it; ``problem`` says what kept it short."""

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
    problem: str = ""
    failed_phase: str = ""
    code: int | None = None

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        return EXIT_CODES[self.outcome] if self.code is None else self.code

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
            "coverage": self.coverage,
            "metrics": vars(self.metrics),
            "provenance": {"llmx": __version__, "template_digest": self.template.digest, **self.provenance},
        }
