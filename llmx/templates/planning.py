"""What a run would ask, and the most that it can cost: known before anything is sent."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from llmx.core.backends.wires import most_tokens
from llmx.core.client import LLMClient
from llmx.core.events import Answering, Done, Event, TextDelta, Usage
from llmx.core.messages import Request
from llmx.core.usage import NANO, Most, Target
from llmx.core.usage.free import price_table
from llmx.errors import LlmxError
from llmx.templates import Phase, Template
from llmx.templates.engine import SKIPPED, Engine
from llmx.templates.metering import PHASE, cost_of
from llmx.templates.parameters import checked
from llmx.templates.phases import Context
from llmx.templates.placeholders import PlanEndError, placeholder
from llmx.templates.provenance import input_digest
from llmx.templates.running import PLAIN, RunOptions
from llmx.templates.sources import find
from llmx.templates.trusted import renderer_of

COMPLAINT = 300
"""Bytes around the fault that a model is told when its answer does not fit, beside the fault itself."""


class Question(NamedTuple):
    """One question as it would be sent. ``most`` is what it can use with all its repairs and tries."""

    phase: str
    request: Request
    most: Most

    @property
    def prompt_bytes(self) -> int:
        """The size of the prompt."""
        return sum(len(message.text.encode(errors="replace")) for message in self.request.messages)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        turns = [{"role": turn.role, "text": turn.text} for turn in self.request.messages]
        most = self.request.parameters.max_tokens
        return {"phase": self.phase, "messages": turns, "prompt_tokens": tokens(self.prompt_bytes), "max_tokens": most}


@dataclass
class Plan:
    """What would be asked. ``unknown`` says what could not be planned; then there is no ceiling."""

    template: Template
    target: Target | None
    questions: list[Question] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    input_digest: str = ""
    max_cost: float | None = None
    most_tokens: int | None = None

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens all prompts have: four bytes make one."""
        return sum(tokens(each.prompt_bytes) for each in self.questions)

    @property
    def answer_tokens(self) -> int:
        """How many tokens the answers may have."""
        return sum(each.request.parameters.max_tokens or 0 for each in self.questions)

    @property
    def most(self) -> Most:
        """The most tokens that all of it can use."""
        return Most(*(sum(each.most[at] for each in self.questions) for at in (0, 1)))

    @property
    def ceiling(self) -> float | None:
        """US dollars that it costs at most; None where that is not known."""
        if self.unknown or self.target is None:
            return None
        costs = [cost_of(self.target, each.most) for each in self.questions]
        known = [each for each in costs if each is not None]
        if len(known) < len(costs):
            return None
        total = sum(known) / NANO
        return total if self.max_cost is None else min(total, self.max_cost)

    def as_dict(self) -> dict[str, Any]:
        """For programs; ``outcome`` is no outcome of a run."""
        return {
            "plan": 1,
            "outcome": "planned",
            "template": self.template.id,
            "version": self.template.version,
            "template_digest": self.template.digest,
            "input_digest": self.input_digest,
            "model": self.target._asdict() if self.target else None,
            "prices": price_table(),
            "questions": len(self.questions),
            "tokens": {"prompts": self.prompt_tokens, "answers": self.answer_tokens, "most": self.most.tokens},
            "ceiling_usd": self.ceiling,
            "why_no_ceiling": self.why_no_ceiling or None,
            "max_cost": self.max_cost,
            "max_tokens_total": self.most_tokens,
            "phases": self.phases,
            "coverage": self.coverage,
            "prompts": [each.as_dict() for each in self.questions],
        }

    @property
    def why_no_ceiling(self) -> str:
        """Why there is none; empty where there is one."""
        if self.unknown:
            return "; ".join(self.unknown)
        if self.target is None:
            return "no model is configured"
        return f"the price of {self.target.model} is not known" if self.ceiling is None else ""


async def plan(
    name: str | Template, parameters: Mapping[str, Any], client: LLMClient, options: RunOptions = PLAIN
) -> Plan:
    """Plan a run of a template. Code runs only where its phase says that it only reads; no model is asked."""
    template = find(name) if isinstance(name, str) else name
    values = checked(template, parameters)
    limits = client.options
    found = Plan(template, await _target(client), max_cost=limits.max_cost, most_tokens=limits.max_tokens)
    context = Context(
        template,
        values,
        Planner(client, found),
        renderer_of(template),
        options=options.extra,
        seed=options.seed,
        votes=options.votes,
        canaries=options.canaries,
    )
    result = await Planning(context, found).perform()
    if result.error:
        raise result.error
    found.coverage, found.phases, found.input_digest = context.coverage, result.phases, input_digest(context)
    _note_what_depends(found)
    if client.fallbacks:
        found.unknown.append("llm.fallback may ask another model")
    return found


def tokens(size: int) -> int:
    """About how many tokens so many bytes are."""
    return -(-size // 4)


async def _target(client: LLMClient) -> Target | None:
    try:
        return await client.target()
    except LlmxError:
        return None


def _note_what_depends(found: Plan) -> None:
    """A question behind another one may be longer, and there may be more of them, than can be known now."""
    asking = {question.phase for question in found.questions}
    behind: dict[str, bool] = {}
    for phase in found.template.phases:
        behind[phase.id] = any(need in asking or behind[need] for need in phase.needs)
        if phase.id in asking and behind[phase.id]:
            found.unknown.append(f"what phase {phase.id} asks depends on answers")


class Planning(Engine):
    """An engine that asks nothing, and runs no code but what says that it only reads."""

    def __init__(self, context: Context, found: Plan) -> None:
        super().__init__(context, "")
        self._found = found

    async def _result(self, phase: Phase) -> tuple[Any, str]:
        before = len(self._found.questions)
        value, status = await self._planned(phase)
        self._told[phase.id]["questions"] = len(self._found.questions) - before if status == "planned" else 0
        return value, status

    async def _planned(self, phase: Phase) -> tuple[Any, str]:
        if phase.template or (phase.run and not phase.plan):
            what = "is another template" if phase.template else "is code that may ask"
            self._found.unknown.append(f"phase {phase.id} {what}")
            return SKIPPED, "unknown"
        if phase.plan == "skip":
            return SKIPPED, "skipped"
        gaps = [need for need in phase.needs if self._told[need]["status"] in ("unknown", "skipped")]
        try:
            if phase.when and not self._context.renderer.expression(phase.when, self._context.values):
                return SKIPPED, "skipped"
            return (await self._tried(phase))[0], "planned"
        except PlanEndError as error:
            self._found.unknown.append(f"phase {phase.id}: {error.message}")
            return SKIPPED, "planned"
        except LlmxError:
            if phase.run or not gaps:
                raise
            self._found.unknown.append(f"phase {phase.id} needs what is not planned")
            return SKIPPED, "unknown"


class Planner(LLMClient):
    """A client that writes questions down instead of asking them."""

    def __init__(self, client: LLMClient, found: Plan) -> None:
        self.__dict__.update(client.__dict__)
        self._found = found

    def stream(self, *asked: Any, truncate: bool = False, **options: Any) -> AsyncGenerator[Event]:  # noqa: ANN401
        """An answer that nobody gave, to a question that nobody was asked."""
        request = self.request(*asked, **options)
        phases = {phase.id: phase for phase in self._found.template.phases}
        phase = phases.get(PHASE.get())
        tries = 1 + (phase.retries if phase else 0)
        self._found.questions.append(Question(PHASE.get(), request, _most(request, tries, self.repairs)))
        return _made_up(request)


async def _made_up(request: Request) -> AsyncGenerator[Event]:
    yield Answering("", "")
    yield TextDelta(json.dumps(placeholder(request.schema)) if request.schema is not None else "x")
    yield Usage(0, 0)
    yield Done("stop")


def _most(request: Request, tries: int, repairs: int) -> Most:
    """What a question can use: every try may be repaired, and each repair has what was said before in its prompt."""
    prompt, answer = most_tokens(request), request.parameters.max_tokens or 0
    if request.schema is None:
        return Most(prompt * tries, answer * tries)
    schema = len(json.dumps(dict(request.schema)))
    rounds = [prompt + schema + COMPLAINT + number * (3 * answer + schema + COMPLAINT) for number in range(repairs + 1)]
    return Most(sum(rounds) * tries, answer * len(rounds) * tries)
