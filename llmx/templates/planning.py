"""What a run would ask, and the most that it can cost: known before anything is sent."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from jinja2 import Undefined

from llmx.core.backends.wires import most_tokens
from llmx.core.client import LLMClient
from llmx.core.events import Answering, Done, Event, TextDelta, Usage
from llmx.core.messages import Request
from llmx.core.structured import MOST_TOLD
from llmx.core.usage import NANO, Most, Target
from llmx.core.usage.free import price_table
from llmx.errors import LlmxError
from llmx.templates import Phase, Template
from llmx.templates.ceilings import BYTES_A_TOKEN, COUNTING, COUNTS, TRIES, answers_in, longest, shortened
from llmx.templates.engine import SKIPPED, Engine, inner_context
from llmx.templates.metering import PHASE, cost_of
from llmx.templates.parameters import checked
from llmx.templates.phases import Context
from llmx.templates.placeholders import PlanEndError, placeholder
from llmx.templates.provenance import input_digest
from llmx.templates.running import PLAIN, RunOptions
from llmx.templates.sources import find
from llmx.templates.trusted import renderer_of

COMPLAINT = 4 * MOST_TOLD + 500
"""Bytes of what a model is told when its answer does not fit: the fault, and the words around it."""


class Question(NamedTuple):
    """One question as it would be sent. ``most`` is what it can use with all its repairs and tries.

    ``targets`` are who may be asked, those of the plan where there are none, and ``tries`` how often.
    """

    phase: str
    request: Request
    most: Most
    counts: COUNTS = "always"
    targets: tuple[Target, ...] = ()
    tries: int = 1

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Who says what, with answers that are not known yet in short."""
        return [(turn.role, shortened(turn.text)) for turn in self.request.messages]

    @property
    def prompt_tokens(self) -> int:
        """About how many: four bytes make one, and an answer has a quarter of what it may have."""
        known = sum(len(text.encode(errors="replace")) for _, text in self.turns)
        return tokens(known) + sum(answers_in(turn.text) for turn in self.request.messages) // 4

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        turns = [{"role": role, "text": text} for role, text in self.turns]
        most = self.request.parameters.max_tokens
        return {"phase": self.phase, "messages": turns, "prompt_tokens": self.prompt_tokens, "max_tokens": most}


@dataclass
class Plan:
    """What would be asked. ``unknown`` says what could not be planned; then only ``max_cost`` is a ceiling.

    ``asked`` are all questions that there can be, ``targets`` who may answer them: the first one does, if it can.
    """

    template: Template
    targets: list[Target]
    asked: list[Question] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    input_digest: str = ""
    max_cost: float | None = None
    most_tokens: int | None = None

    @property
    def target(self) -> Target | None:
        """Who would be asked first; None where nobody is configured."""
        return self.targets[0] if self.targets else None

    @property
    def questions(self) -> list[Question]:
        """Those that are asked where every answer can be used."""
        return [each for each in self.asked if each.counts != "at most"]

    @property
    def bounds(self) -> list[Question]:
        """Those that can be asked at most."""
        return [each for each in self.asked if each.counts != "likely"]

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens all prompts have."""
        return sum(each.prompt_tokens for each in self.questions)

    @property
    def answer_tokens(self) -> int:
        """How many tokens the answers may have."""
        return sum(each.request.parameters.max_tokens or 0 for each in self.questions)

    @property
    def most(self) -> Most:
        """The most tokens that all of it can use, as far as it is known."""
        return Most(*(sum(each.most[at] for each in self.bounds) for at in (0, 1)))

    @property
    def most_questions(self) -> int | None:
        """How many questions are sent at most, with repairs and tries; None where that is not known."""
        return None if self.unknown else sum(each.tries for each in self.bounds)

    @property
    def ceiling(self) -> float | None:
        """US dollars that it costs at most; None where that is not known, and nothing holds it."""
        if self.target is None or self._unpriced:
            return None
        if self.unknown:
            return self.max_cost
        total = sum(max(self._costs(each)) for each in self.bounds) / NANO
        return total if self.max_cost is None else min(total, self.max_cost)

    def _costs(self, question: Question) -> list[int]:
        return [cost_of(target, question.most) or 0 for target in question.targets or self.targets]

    @property
    def _unpriced(self) -> str:
        """A model that may be asked, and of which no price is known."""
        asked = [target for each in self.bounds for target in each.targets]
        unpriced = [each for each in dict.fromkeys([*self.targets, *asked]) if cost_of(each, Most(1, 1)) is None]
        return unpriced[0].model if unpriced else ""

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
            "most_questions": self.most_questions,
            "tokens": {
                "prompts": self.prompt_tokens,
                "answers": self.answer_tokens,
                "most": None if self.unknown else self.most.tokens,
            },
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
        """Why nothing but ``--max-cost`` is one; empty where something is."""
        if self.unknown:
            held = "sets one" if self.max_cost is None else f"is the ceiling, ${self.max_cost:g}"
            return f"{'; '.join(dict.fromkeys(self.unknown))}; --max-cost {held}"
        if self.target is None:
            return "no model is configured"
        return f"the price of {self._unpriced} is not known" if self._unpriced else ""


async def plan(
    name: str | Template, parameters: Mapping[str, Any], client: LLMClient, options: RunOptions = PLAIN
) -> Plan:
    """Plan a run of a template. Code runs only where its phase says that it only reads; no model is asked."""
    template = find(name) if isinstance(name, str) else name
    values = checked(template, parameters)
    limits = client.options
    found = Plan(template, await targets_of(client), max_cost=limits.max_cost, most_tokens=limits.max_tokens)
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
    return found


def tokens(size: int) -> int:
    """About how many tokens so many bytes are."""
    return -(-size // 4)


async def targets_of(client: LLMClient) -> list[Target]:
    """Who may be asked, in turn; nobody where none is configured."""
    try:
        return await client.targets()
    except LlmxError:
        return []


class Planning(Engine):
    """An engine that asks nothing, and runs no code but what says that it only reads, or asks at most."""

    def __init__(self, context: Context, found: Plan) -> None:
        super().__init__(context, "")
        self._found = found
        self._follows: dict[str, bool] = {}

    async def _result(self, phase: Phase) -> tuple[Any, str]:
        TRIES.set(TRIES.get() * (1 + phase.retries))
        before, gaps = len(self._found.asked), len(self._found.unknown)
        follows = any(self._follows[need] for need in phase.needs)
        value, status = await self._planned(phase, follows=follows)
        asked = self._found.asked[before:]
        if follows and asked and ":" not in phase.plan:
            self._found.unknown.append(f"what phase {phase.id} asks depends on answers")
        self._follows[phase.id] = follows or bool(asked or phase.template) or len(self._found.unknown) > gaps
        likely = sum(each.counts != "at most" for each in asked)
        self._told[phase.id]["questions"] = likely if status == "planned" else 0
        return value, status

    async def _planned(self, phase: Phase, *, follows: bool) -> tuple[Any, str]:
        if phase.run and not phase.plan:
            self._found.unknown.append(f"phase {phase.id} is code that may ask")
            return SKIPPED, "unknown"
        if phase.plan == "skip":
            return SKIPPED, "skipped"
        if phase.run and any(self._told[need]["status"] == "unknown" for need in phase.needs):
            return SKIPPED, "unknown"
        if phase.when and follows and not self._is_known(phase.when):
            self._found.unknown.append(f"whether phase {phase.id} is done depends on answers")
        gaps = [need for need in phase.needs if self._told[need]["status"] in ("unknown", "skipped")]
        try:
            if phase.when and not self._context.renderer.expression(phase.when, self._context.values):
                return SKIPPED, "skipped"
            function = phase.plan if ":" in phase.plan else phase.run
            return (await self._tried(replace(phase, run=function, retries=0)))[0], "planned"
        except PlanEndError as error:
            self._found.unknown.append(f"phase {phase.id}: {error.message}")
            return SKIPPED, "unknown"
        except LlmxError:
            if phase.run or not gaps:
                raise
            self._found.unknown.append(f"phase {phase.id} needs what is not planned")
            return SKIPPED, "unknown"

    def _is_known(self, condition: str) -> bool:
        """Whether the parameters alone decide, for what is made up for an answer must not."""
        given = self._context.parameters
        try:
            value = self._context.renderer.expression(condition, {**given, "parameters": dict(given)})
        except LlmxError:
            return False
        return not isinstance(value, Undefined)

    async def _sub_template(self, name: str, parameters: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401
        await plan_template(name, parameters, context)
        return SKIPPED


async def plan_template(name: str, parameters: Mapping[str, Any], outer: Context) -> None:
    """Add what another template asks at most to the plan that ``outer`` is part of."""
    planner = outer.client
    assert isinstance(planner, Planner)
    result = await Planning(inner_context(name, parameters, outer), planner.found).perform()
    if result.error:
        raise result.error


class Planner(LLMClient):
    """A client that writes questions down instead of asking them."""

    def __init__(self, client: LLMClient, found: Plan) -> None:
        self.__dict__.update(client.__dict__)
        self.found = found
        self.targets_of_own: tuple[Target, ...] = ()

    def stream(self, *asked: Any, truncate: bool = False, **options: Any) -> AsyncGenerator[Event]:  # noqa: ANN401
        """An answer that nobody gave, as long as it may be, to a question that nobody was asked."""
        request = self.request(*asked, **options)
        tries = TRIES.get()
        most = _most(request, tries, self.repairs)
        rounds = tries * (1 + self.repairs if request.schema is not None else 1)
        question = Question(PHASE.get(), request, most, COUNTING.get(), self.targets_of_own, rounds)
        self.found.asked.append(question)
        return _made_up(request)


async def _made_up(request: Request) -> AsyncGenerator[Event]:
    yield Answering("", "")
    answer = longest(request.parameters.max_tokens or 0)
    yield TextDelta(json.dumps(placeholder(request.schema)) if request.schema is not None else answer)
    yield Usage(0, 0)
    yield Done("stop")


def _most(request: Request, tries: int, repairs: int) -> Most:
    """What a question can use: every try may be repaired, and each repair has what was said before in its prompt."""
    prompt, answer = most_tokens(request), request.parameters.max_tokens or 0
    if request.schema is None:
        return Most(prompt * tries, answer * tries)
    schema = len(json.dumps(dict(request.schema)))
    again = BYTES_A_TOKEN * answer + schema + COMPLAINT
    rounds = [prompt + schema + COMPLAINT + number * again for number in range(repairs + 1)]
    return Most(sum(rounds) * tries, answer * len(rounds) * tries)
