"""What a phase of a template can do: read what came before it, ask the model, make artifacts, say what it read."""

import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from llmx.core.backends.errors import AnswerError, RefusedError
from llmx.core.client import LLMClient
from llmx.core.messages import Message, Tool
from llmx.core.response import Response, gather
from llmx.errors import LlmxError, PolicyError, SchemaError
from llmx.templates import Artifact, Phase, Template
from llmx.templates.artifact_names import check_name, is_obeyed
from llmx.templates.findings import Finding
from llmx.templates.metering import RunMeter
from llmx.templates.outcomes import Checks, Metrics
from llmx.templates.rendering import Renderer


class PhaseError(LlmxError):
    """A phase could not do its work; the template ends with what it has."""


@dataclass
class Context:
    """One run, as its phases see it. ``results`` are those of the phases that are done, by their ids.

    ``coverage`` says of everything that was to be read whether it was: ``{"path", "read", "reason"}``, and what a
    later phase says of a path replaces what was said before. ``findings`` are what a reviewing template reports, None
    for one that does not review. ``inputs`` are digests of what was read, by name, ``files`` those of files on disk. Of
    ``metrics`` a template counts itself what only it knows: ``agents_invoked`` (agents by name), ``tools_invoked``
    and ``rag_queries``; calls, tokens and costs are counted here. ``votes`` and ``canaries`` are what ``--votes`` and
    ``--canary`` ask of a template that says that it ``takes`` them.
    """

    template: Template
    parameters: Mapping[str, Any]
    client: LLMClient | None
    renderer: Renderer
    results: dict[str, Any] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    provenance: dict[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] | None = None
    deadline: float | None = None
    seed: int | None = None
    meter: RunMeter = field(default_factory=RunMeter)
    checks: Checks = field(default_factory=Checks)
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    votes: int = 1
    canaries: int = 0
    kept: Mapping[str, Any] = field(default_factory=dict)
    keep: Callable[[str, Any], None] | None = None

    @property
    def values(self) -> dict[str, Any]:
        """What Jinja sees: every parameter by its name, all of them as ``parameters``, and the results."""
        return {**self.parameters, "parameters": dict(self.parameters), **self.results, "fence": self.renderer.fence}

    def add(self, name: str, data: str | bytes, media_type: str = "text/plain") -> None:
        """Make an artifact in place of one of the same name.

        Raises ``PolicyError`` for a name that leads elsewhere, and for one that something would run or obey where
        ``template.toml`` does not say that this is what the template makes.
        """
        name = check_name(name)
        if is_obeyed(name) and name not in self.template.artifacts:
            hint = "a template that is to make it names it in artifacts, in its template.toml"
            raise PolicyError(f"{name!r} is no name for an artifact: it is run or obeyed by what finds it", hint=hint)
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        self.artifacts = [each for each in self.artifacts if each.name != name]
        self.artifacts.append(Artifact(name, raw, media_type))

    def took(self, name: str, data: str | bytes, file: str | Path = "") -> None:
        """Note what was read, for the digest of all input.

        Before a run goes on, the ``file`` is compared; a phase that names none, and says ``plan = "run"``, reads again.
        """
        raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
        self.inputs[name] = hashlib.sha256(raw).hexdigest()
        if file:
            self.files[os.path.abspath(file)] = sum_of_file(file)

    async def ask(
        self,
        prompt: str | Sequence[Message],
        system: str = "",
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
        sample: int = 0,
        **sampling: float,
    ) -> Any:  # noqa: ANN401  # what the schema says, else text
        """The model's answer to a prompt or a whole conversation: text, or with a ``schema`` a value that fits it.

        ``sample`` counts other answers to the same; ``sampling`` is ``temperature`` and ``top_p``, where the template
        and not the user is to say them.

        Raises what a model does wrong as an error: an empty answer, one that was cut, a call of a tool that it has not.
        """
        if self.client is None:
            raise PhaseError(f"{self.template.id} asks no model in this phase")
        if isinstance(prompt, str):
            system, prompt = self.renderer.settled([system, prompt])
        client = self.client.sampled(sample) if sample else self.client
        limits: dict[str, Any] = {"max_tokens": max_tokens, "seed": self.seed, **sampling}
        response = await gather(client.stream(prompt, system or None, schema=schema, tools=tools, **limits))
        self.count(response)
        return _answer(response, schema, tools)

    async def once(self, name: str, make: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401  # JSON
        """What ``make`` gives, kept as ``name`` at once, so that a run that goes on here does not pay it again.

        For phases of several questions; a phase's whole result is kept by itself. ``name`` is part of a file's name.
        """
        if name in self.kept:
            return self.kept[name]
        value = await make()
        if self.keep:
            self.keep(name, value)
        return value

    def count(self, response: Response) -> None:
        """Add who has answered to the provenance; the calls themselves are counted where they are made."""
        answered = {name: getattr(response, name) for name in ("backend", "model", "mock", "demo")}
        answered["fingerprint"] = response.fingerprint or None
        known = self.provenance.setdefault("models", [])
        if answered not in known:
            known.append(answered)
        if (response.mock or response.demo) and response.notices and response.notices[0] not in self.checks.doubts:
            self.checks.doubts.append(response.notices[0])

    @property
    def remaining(self) -> float | None:
        """Seconds until the run's deadline."""
        return None if self.deadline is None else self.deadline - time.monotonic()


def sum_of_file(file: str | Path) -> str:
    """The sum of its bytes; empty where it cannot be read."""
    try:
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def _answer(response: Response, schema: Mapping[str, Any] | None, tools: Sequence[Tool]) -> Any:  # noqa: ANN401
    """What the model has said; raises where that is nothing to go on with."""
    who = f"{response.backend}, model {response.model}"
    if response.finish_reason == "content_filter":
        raise RefusedError(f"{who}: a filter has ended the answer")
    if response.tool_calls and not tools:
        name = response.tool_calls[0].name[:80]
        raise AnswerError(f"{who}: it called the tool {name!r}, and there is none; nothing was run")
    if schema is None and response.finish_reason == "length":
        raise PhaseError("the answer was cut for its length", hint="--max-tokens gives it more room")
    if not response.content.strip() and not tools:
        raise SchemaError(f"{who}: it answered nothing")
    return json.loads(response.content) if schema is not None else response.content


def check_result(phase: Phase, value: Any) -> None:  # noqa: ANN401  # JSON
    """Raise ``SchemaError`` where a phase's result, or that of one of its items, does not fit what it promises."""
    if phase.schema is None:
        return
    validator = Draft202012Validator(phase.schema)
    error = next((each for one in (value if phase.for_each else [value]) for each in validator.iter_errors(one)), None)
    if error is not None:
        place = "/".join(str(step) for step in error.absolute_path) or "the result"
        raise SchemaError(f"phase {phase.id}: {place}: {error.message[:300]}")
