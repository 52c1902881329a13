"""The most that a workflow asks: every step is done, in every round, and every text is as long as it may be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmx.core.quantities import parse_size
from llmx.templates.builtin.workflow_orchestrator import Step, Workflow, within
from llmx.templates.builtin.workflow_orchestrator.phases import asked_for
from llmx.templates.builtin.workflow_orchestrator.references import (
    GIVEN,
    Reference,
    as_text,
    filled,
    followed,
    references_in,
    replaced,
)
from llmx.templates.builtin.workflow_orchestrator.working import LONGEST, config_of, fenced, question, room_of
from llmx.templates.ceilings import at_most, longest
from llmx.templates.phases import Context
from llmx.templates.placeholders import PlanEndError
from llmx.templates.planning import Planner, plan_template, targets_of

SMALL = 10_000
"""Bytes that a step's status, its error or a count has at most."""


async def execute(context: Context) -> None:
    """Ask what every step asks, as often as it may be done."""
    workflow = asked_for(context)
    ceiling = _Ceiling(workflow, context, {step.id: step for step in within(workflow.root)})
    for leaf in _leaves(workflow.root, 1, workflow):
        try:
            await ceiling.ask(leaf)
        except PlanEndError as error:
            ceiling.planner.found.unknown.append(f"step {leaf.step.id}: {error.message}")


@dataclass(frozen=True)
class _Leaf:
    """A step that does work, how often at most, and what ``$item`` can be in it."""

    step: Step
    times: int
    items: Any = None


def _leaves(step: Step, times: int, workflow: Workflow, items: Any = None) -> Iterator[_Leaf]:  # noqa: ANN401  # JSON
    if step.is_leaf:
        yield _Leaf(step, min(times, workflow.max_steps), items)
        return
    if step.kind == "loop":
        listed = _items(step.work.get("for_each"), workflow)
        rounds = len(listed) if isinstance(listed, list) else workflow.max_steps
        items = items if listed is None else listed
        times *= min(rounds, int(step.work.get("times", rounds)), workflow.max_steps)
    for inner in (*step.steps, *step.otherwise):
        yield from _leaves(inner, times, workflow, items)


def _items(listed: Any, workflow: Workflow) -> Any:  # noqa: ANN401  # JSON
    """The list, where it is known; else the reference that leads to it."""
    if not isinstance(listed, str):
        return listed
    (reference,) = references_in(listed)
    return followed(reference, {GIVEN: {"": workflow.given}}) if reference.name == GIVEN else reference


@dataclass(frozen=True)
class _Ceiling:
    workflow: Workflow
    context: Context
    steps: Mapping[str, Step]

    @property
    def planner(self) -> Planner:
        """The client, which asks nobody."""
        assert isinstance(self.context.client, Planner)
        return self.context.client

    async def ask(self, leaf: _Leaf) -> None:
        """All that the step asks."""
        if leaf.step.kind not in ("ask", "template") or not leaf.times:
            return
        work = self._template if leaf.step.kind == "template" else self._question
        await work(leaf)
        if leaf.times > 1:
            with at_most(leaf.times - 1):
                await work(leaf)

    async def _template(self, leaf: _Leaf) -> None:
        parameters = leaf.step.work.get("parameters", {})
        if other := next((each for each in references_in(parameters) if each.name != GIVEN), None):
            raise PlanEndError(f"what its template asks depends on {other}")
        known = filled(parameters, {GIVEN: {"": self.workflow.given}})
        await plan_template(str(leaf.step.work["template"]), known, self.context)

    async def _question(self, leaf: _Leaf) -> None:
        step = leaf.step

        def fill(text: str) -> str:
            return replaced(text, lambda each: fenced(self.context, each, self._longest(each, leaf)))

        asking, prompt, system = question(step, self.context, fill)
        if isinstance(asking.client, Planner) and asking.client is not self.planner:
            asking.client.targets_of_own = tuple(await targets_of(asking.client))
            if not asking.client.targets_of_own:
                raise PlanEndError("its model is not known")
        await asking.ask(prompt, system, schema=step.work.get("schema"), max_tokens=room_of(step))

    def _longest(self, reference: Reference, leaf: _Leaf) -> str:
        """The longest text that a reference can lead to; raises ``PlanEndError`` where there is none."""
        if reference.name == GIVEN:
            return as_text(followed(reference, {GIVEN: {"": self.workflow.given}}))
        if reference.name == "round" or reference.is_about_status:
            return "." * SMALL
        if reference.name == "item":
            return self._longest_item(leaf)
        return self._longest_of(reference, leaf)

    def _longest_item(self, leaf: _Leaf) -> str:
        if isinstance(leaf.items, Reference):
            return self._longest_of(leaf.items, leaf)
        return max((as_text(each) for each in leaf.items or ()), key=lambda text: len(text.encode()), default="")

    def _longest_of(self, reference: Reference, leaf: _Leaf) -> str:
        step = self.steps[reference.name]
        match step.kind:
            case "ask" if self._asks_the_same(step, leaf.step):
                return longest(room_of(step))
            case "ask":
                raise PlanEndError(f"{reference} is what another model says: how many tokens that is here is not known")
            case "command":
                return "." * (2 * parse_size(LONGEST))  # JSON may get spaces between its parts
            case "group":
                return "." * SMALL
        raise PlanEndError(f"how long {reference} is is not known before")

    def _asks_the_same(self, one: Step, other: Step) -> bool:
        return bool(config_of(one, self.context)[0] == config_of(other, self.context)[0])
