"""Workflows: steps that ask models, run commands, call tools and templates, in a file that is checked before all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["ask", "command", "tool", "template", "group", "loop"]
Mode = Literal["sequential", "parallel", "loop"]
OnError = Literal["stop", "continue", "ignore"]
"""Work that was not done leaves the result in doubt, also after ``continue``; by ``ignore`` it may be missing."""

STATUS_FIELDS = ("status", "error")
"""What can be asked of every step, also of one that failed or was skipped."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "ask": ("text", "value"),
    "command": ("stdout", "stderr", "exit_code", "value"),
    "tool": ("text", "value"),
    "template": ("result",),
    "group": ("failed",),
    "loop": ("rounds", "items", "stopped_by"),
}
"""What a step of each kind gives; the first is what ``$step`` alone means."""


@dataclass(frozen=True)
class Step:
    """One step. ``where`` it stands are the keys from the top of the file; ``work`` is what its kind needs, as given.

    ``steps`` are those inside a group or a loop, ``otherwise`` those of a group whose ``when`` is false.
    """

    id: str
    kind: Kind
    where: tuple[str | int, ...] = ()
    work: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    on_error: OnError = "stop"
    mode: Mode = "sequential"
    steps: tuple["Step", ...] = ()
    otherwise: tuple["Step", ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether what comes after it is done, also where it fails."""
        return self.on_error != "stop"

    @property
    def is_leaf(self) -> bool:
        """Whether it does work itself."""
        return self.kind not in ("group", "loop")


@dataclass(frozen=True)
class Workflow:
    """A whole workflow: ``root`` holds its steps, ``given`` is what ``$$`` stands for. Times are seconds."""

    name: str
    root: Step
    given: Any = None
    timeout: float = 600.0
    step_timeout: float = 120.0
    max_steps: int = 10
    description: str = ""


def within(step: Step) -> list[Step]:
    """The step and all those in it, in their order."""
    return [step, *(each for inner in (*step.steps, *step.otherwise) for each in within(inner))]
