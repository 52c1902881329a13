"""Perform a workflow: its steps in turn or side by side, each within its time, and none that is done twice."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmx.core.backends.errors import BackendTimeoutError
from llmx.errors import LlmxError
from llmx.templates.builtin.workflow_orchestrator import FIELDS, Step, Workflow, within
from llmx.templates.builtin.workflow_orchestrator.checking import needs_of
from llmx.templates.builtin.workflow_orchestrator.references import GIVEN, Scope, followed, holds, references_in
from llmx.templates.builtin.workflow_orchestrator.working import WORKS, Given, StepFailedError
from llmx.templates.phases import Context, PhaseError

AT_ONCE = 4
"""How many steps work at the same time."""

DONE, FAILED, SKIPPED = "done", "failed", "skipped"
LEEWAY_S = 20.0
"""How much longer a command may take to be ended by llm-exec before it is left."""


class StepLimitError(PhaseError):
    """As many steps are done as may be."""


class _Lacking(NamedTuple):
    """A step that another one needs, and what has become of it."""

    name: str
    became: str

    def __str__(self) -> str:
        return f"{self.name} {self.became}"


class Performance:
    """One run of a workflow. ``told`` is what became of every step so far, in the order in which they began, and
    ``gave`` their fields. ``undone`` is why steps have not done their work, though nothing said that they need not.
    """

    def __init__(self, workflow: Workflow, context: Context) -> None:
        self._workflow = workflow
        self._context = context
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._deadline = time.monotonic() + workflow.timeout
        not_yet = {"status": SKIPPED, "error": "it was not run"}
        self._fields: dict[str, dict[str, Any]] = {
            each.id: {"kind": each.kind, **not_yet} for each in within(workflow.root)
        }
        self._fields[GIVEN] = {"": workflow.given}
        self.told: dict[str, dict[str, Any]] = {}
        self.gave: dict[str, dict[str, Any]] = {}
        self.steps_run = 0
        self.problem: LlmxError | None = None
        self.undone: dict[str, str] = {}
        self._broken: set[str] = set()
        self._may_be_missing = {
            each.id for step in within(workflow.root) if step.on_error == "ignore" for each in within(step)
        }

    async def run(self) -> None:
        """All of it; what ended it before its end is ``problem``."""
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._workflow.timeout):
                self.problem = await self._inside(self._workflow.root, "", {})
        except TimeoutError:
            limit = f"the workflow was not done within {self._workflow.timeout:g} s"
            self.problem = BackendTimeoutError(limit, hint="timeout in the file gives it more")
        except LlmxError as error:
            self.problem = error
        for told in self.told.values():
            if told["status"] == "running":
                told.update(status=FAILED, error="ended with the workflow")

    @property
    def scope(self) -> Scope:
        """What can be referred to now."""
        return self._fields

    async def _inside(self, step: Step, path: str, own: Mapping[str, Any]) -> LlmxError | None:
        """The steps of a group or a loop; the first failure that was not to be passed over."""
        if step.kind == "loop":
            return await self._loop(step, path, own)
        steps = step.steps
        return await (self._together(steps, path, own) if step.mode == "parallel" else self._in_turn(steps, path, own))

    async def _in_turn(self, steps: Sequence[Step], path: str, own: Mapping[str, Any]) -> LlmxError | None:
        for at, step in enumerate(steps):
            problem = await self._step(step, path, own)
            if problem and _stops(step, problem):
                if not isinstance(problem, StepLimitError):
                    self._leave(steps[at + 1 :], path, f"step {step.id} failed before it")
                return problem
        return None

    def _leave(self, steps: Sequence[Step], path: str, why: str) -> None:
        """These are not going to do their work."""
        for step in (each for one in steps for each in within(one)):
            self._broken.add(step.id)
            if step.is_leaf and step.id not in self._may_be_missing:
                self.undone.setdefault(f"{path}{step.id}", why)

    async def _together(self, steps: Sequence[Step], path: str, own: Mapping[str, Any]) -> LlmxError | None:
        """All of them, also where some fail; each begins when those are over that it needs."""
        needs = needs_of(steps)
        over = {step.id: asyncio.Event() for step in steps}

        async def one(step: Step) -> LlmxError | None:
            for need in needs[step.id]:
                await over[need].wait()
            try:
                return await self._step(step, path, own)
            finally:
                over[step.id].set()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(step)) for step in steps]
        ended = zip(steps, [task.result() for task in tasks], strict=True)
        return next((problem for step, problem in ended if problem and _stops(step, problem)), None)

    async def _loop(self, step: Step, path: str, own: Mapping[str, Any]) -> LlmxError | None:
        """Rounds, until the condition holds, the items or times are over, or no more steps may be done."""
        work = step.work
        items = self._items(step, own)
        most = min([len(items)] if items is not None else [1000], default=0)
        most = min(most, int(work.get("times", most)))
        told = self._fields[step.id]
        told.update(rounds=0, items=[], stopped_by="")
        while told["rounds"] < most and self.steps_run < self._workflow.max_steps:
            number = told["rounds"] + 1
            inner = {**own, "round": {"": number}, **({"item": {"": items[number - 1]}} if items is not None else {})}
            problem = await self._in_turn(step.steps, f"{path}{number}.", inner)
            if isinstance(problem, StepLimitError):
                break
            if problem:
                return problem
            told["rounds"] = number
            told["items"].append(self._value_of(step.steps[-1]))
            if "until" in work and holds(str(work["until"]), {**self._fields, **inner}):
                told["stopped_by"] = "until"
                return None
        is_whole = told["rounds"] >= most
        told["stopped_by"] = ("items" if items is not None else "times") if is_whole else "max_steps"
        if "until" in work:
            return PhaseError(f"after {told['rounds']} rounds it still does not hold: {work['until']}")
        if not is_whole and (items is not None or "times" in work):
            return StepLimitError(f"{told['rounds']} of {most} rounds are done, and max_steps allows no more")
        return None

    def _items(self, step: Step, own: Mapping[str, Any]) -> list[Any] | None:
        listed = step.work.get("for_each")
        if isinstance(listed, str):
            (reference,) = references_in(listed)
            listed = followed(reference, {**self._fields, **own})
            if not isinstance(listed, list):
                raise PhaseError(f"step {step.id}: {reference} is no list")
        return listed

    def _value_of(self, step: Step) -> Any:  # noqa: ANN401  # JSON
        fields = self._fields.get(step.id, {})
        return {name: value for name, value in fields.items() if name not in ("kind", "status", "error")}

    async def _step(self, step: Step, path: str, own: Mapping[str, Any]) -> LlmxError | None:
        """One step, to its end; why it failed, None where it did not."""
        key = f"{path}{step.id}"
        told = self.told[key] = {"id": key, "kind": step.kind, "status": "running", "error": None}
        fields = self._fields[step.id] = {"kind": step.kind, "status": "running", "error": None}
        problem: LlmxError | None = None
        try:
            problem = await self._work(step, path, fields, own)
            status = fields["status"] if fields["status"] == SKIPPED else FAILED if problem else DONE
        except StepLimitError as error:
            problem, status = error, SKIPPED
        except LlmxError as error:
            problem, status = error, FAILED
        fields["status"] = told["status"] = status
        if status != SKIPPED:
            self.gave[key] = _plain(fields)
        if problem:
            told["error"] = fields["error"] = problem.message
            self._broken.add(step.id)
            if step.is_leaf and not isinstance(problem, StepFailedError | StepLimitError):
                self._leave([step], path, problem.message)
        elif fields["error"]:
            told["error"] = fields["error"]
        if problem and not problem.message.startswith("step "):
            problem.message = f"step {key}: {problem.message}"
        return problem

    async def _work(self, step: Step, path: str, fields: dict[str, Any], own: Mapping[str, Any]) -> LlmxError | None:
        scope = {**self._fields, **own}
        if lacking := self._lacking(step):
            fields.update(status=SKIPPED, error=str(lacking))
            if lacking.name in self._broken:
                self._leave([step], path, str(lacking))
            return None
        is_wanted = not step.when or holds(step.when, scope)
        if not is_wanted and not step.otherwise:
            fields.update(status=SKIPPED, error="its when is false")
            return None
        if step.is_leaf:
            async with self._gate:
                return await self._leaf(step, f"{path}{step.id}", fields, scope)
        if step.kind == "loop":
            return await self._limited(step, self._inside(step, f"{path}{step.id}.", own))
        inner = self._inside(step, path, own) if is_wanted else self._in_turn(step.otherwise, path, own)
        problem = await self._limited(step, inner)
        fields["failed"] = sum(self._fields[each.id]["status"] == FAILED for each in within(step) if each is not step)
        return problem

    async def _limited(self, step: Step, work: Any) -> LlmxError | None:  # noqa: ANN401  # a coroutine
        """What is inside a step, within the time that the step itself is given."""
        try:
            async with asyncio.timeout(step.timeout) as limit:
                problem: LlmxError | None = await work
                return problem
        except TimeoutError:
            if not limit.expired():
                raise
            return BackendTimeoutError(f"it was not done within {step.timeout:g} s")

    def _lacking(self, step: Step) -> "_Lacking | None":
        """Why the step cannot be done: what it needs failed or was skipped. A ``when`` decides for itself."""
        if step.when or not step.is_leaf:
            return None
        for reference in references_in(dict(step.work)):
            found = self._fields.get(reference.name, {})
            if "kind" in found and found["status"] != DONE and FIELDS[found["kind"]][0] not in found:
                return _Lacking(reference.name, "failed" if found["status"] == FAILED else "was skipped")
        return None

    async def _leaf(self, step: Step, key: str, fields: dict[str, Any], scope: Scope) -> LlmxError | None:
        if self.steps_run >= self._workflow.max_steps:
            raise StepLimitError(f"max_steps is {self._workflow.max_steps}, and all are done")
        self.steps_run += 1
        seconds = step.timeout or self._workflow.step_timeout
        given = await self._given(step, key, scope, min(seconds, max(0.001, self._deadline - time.monotonic())))
        fields.update(given.fields)
        context = self._context
        for name, data, media_type in given.artifacts:
            context.add(f"{step.id}/{name}", base64.b64decode(data), media_type)
        if given.findings is not None:
            context.findings = [*(context.findings or []), *given.findings]
        context.coverage += given.coverage
        return given.problem

    async def _given(self, step: Step, key: str, scope: Scope, seconds: float) -> Given:
        """What the step gives, from an earlier run where nothing that goes into it has changed."""
        used = {reference.name: _plain(scope.get(reference.name)) for reference in references_in(dict(step.work))}
        text = json.dumps([key, step.kind, dict(step.work), used], sort_keys=True, default=str)
        name = f"step.{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:40]}"
        failed: list[Given] = []

        async def make() -> dict[str, Any]:
            given = await self._timed(step, scope, seconds)
            if given.problem:
                failed.append(given)
                raise given.problem
            return given.as_dict()

        try:
            return Given(**await self._context.once(name, make))
        except LlmxError:
            if failed:
                return failed[0]
            raise

    async def _timed(self, step: Step, scope: Scope, seconds: float) -> Given:
        limit = seconds + (LEEWAY_S if step.kind == "command" else 0)
        try:
            async with asyncio.timeout(limit) as timer:
                return await WORKS[step.kind](step, scope, self._context, seconds)
        except TimeoutError:
            if not timer.expired():
                raise
            raise BackendTimeoutError(f"it was not done within {seconds:g} s", hint="timeout gives it more") from None


def _stops(step: Step, problem: LlmxError) -> bool:
    """Whether what comes after the step is not done."""
    return not step.goes_on or isinstance(problem, StepLimitError)


def _plain(found: Mapping[str, Any] | None) -> Any:  # noqa: ANN401  # JSON
    """What a step gave, without what may differ from run to run."""
    return {name: value for name, value in (found or {}).items() if name not in ("kind", "status", "error")}
