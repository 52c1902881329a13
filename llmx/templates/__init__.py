"""Templates: work that is done in phases, some in code and some by a model, with an outcome that CI can trust."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

Kind = Literal["string", "number", "integer", "boolean", "array", "object"]
Outcome = Literal["clean", "findings", "inconclusive", "failed"]

ENVELOPE = 1
"""The version of what ``template exec --output json`` prints."""

TAKES = ("diff", "staged", "baseline", "votes", "canary")
"""Options of ``exec`` that a template must say that it takes; to others they are refused rather than left out."""

REQUIRED: Any = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its type, what it may be, and what it is where nobody says."""

    name: str
    kind: Kind
    description: str
    default: Any = REQUIRED
    aliases: tuple[str, ...] = ()
    constraints: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        default = {} if self.is_required else {"default": self.default}
        return {"type": self.kind, "description": self.description, **self.constraints, **default}


@dataclass(frozen=True)
class Phase:
    """One step: code (``run``), a question to a model (``prompt``), or another template (``template``).

    It begins when all that it ``needs`` is done. ``when`` and ``for_each`` are Jinja expressions over the parameters
    and the results so far: a phase whose ``when`` is false is skipped, one with ``for_each`` is done for every item.
    ``share`` is what it may use of the run's budget, from 0 to 1. ``plan`` is what ``--plan`` makes of code: ``run``
    for what only reads, ``skip`` for what asks no model, or a function that asks, in the code's place, at most what
    the code can ask; without any the plan ends there.
    """

    id: str
    run: str = ""
    prompt: str = ""
    template: str = ""
    system: str = ""
    needs: tuple[str, ...] = ()
    when: str = ""
    for_each: str = ""
    schema: Mapping[str, Any] | None = None
    retries: int = 0
    timeout: float | None = None
    max_tokens: int | None = None
    share: float | None = None
    plan: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """What a template's folder says, or a file that is one by itself; only such a file names a ``model``.

    ``artifacts`` are names of files that every run makes, as Jinja texts over the parameters.
    """

    id: str
    version: str
    category: str
    description: str
    folder: Path
    tags: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    phases: tuple[Phase, ...] = ()
    output: Mapping[str, Any] = field(default_factory=dict)
    source: str = "built-in"
    digest: str = ""
    overrides: bool = False
    takes: tuple[str, ...] = ()
    estimate: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    model: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of its parameters."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.id,
            "description": self.description,
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in self.parameters},
            "required": [parameter.name for parameter in self.parameters if parameter.is_required],
            "additionalProperties": False,
        }


class Artifact(NamedTuple):
    """A file that a template makes; ``name`` is relative to the output folder."""

    name: str
    data: bytes
    media_type: str = "text/plain"
