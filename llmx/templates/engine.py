"""Run a template: its phases in their order, side by side where none needs the other, each within its limits."""

import asyncio
import hashlib
import inspect
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from llmx.core.backends.errors import AnswerError, BackendError, BackendTimeoutError
from llmx.core.jsonline import dumps
from llmx.core.usage import NANO
from llmx.errors import BudgetError, InconclusiveError, LlmxError
from llmx.templates import Phase, Template
from llmx.templates.effects import Effects, View
from llmx.templates.kept import Kept
from llmx.templates.looking import Looking
from llmx.templates.metering import ALLOWANCES, PHASE, Allowance
from llmx.templates.outcomes import Checks, Result
from llmx.templates.parameters import checked
from llmx.templates.phases import Context, PhaseError, check_result
from llmx.templates.sources import find
from llmx.templates.trusted import renderer_of, require_unchanged

JOBS = 4
"""How many items of a ``for_each`` are worked on at once where nothing is said."""

SKIPPED = None


class Engine:
    """One run of one template. ``kept`` is what an earlier run has done, and where this one keeps what it does."""

    def __init__(self, context: Context, run: str, *, jobs: int = JOBS, kept: Kept | None = None) -> None:
        self._context = context
        self._run = run
        self._jobs = jobs
        self._kept = kept
        self._done: dict[str, Any] = dict(kept.results) if kept else {}
        self._told: dict[str, dict[str, Any]] = {}
        self._modules: dict[str, ModuleType] = {}
        context.kept = self._done
        context.keep = partial(self._keep_part, context)

    async def perform(self) -> Result:
        """All phases; a failure ends the run with what it has, and says which phase it was."""
        context, started = self._context, time.monotonic()
        result = Result(context.template, dict(context.parameters), self._run)
        try:
            if self._kept and self._kept.results:
                await Looking(self._context, self._kept, self._value).require_same()
            await self._all()
            self._require_json()
        except LlmxError as error:
            result.fail(error, self._failed())
        except TimeoutError:
            late = BackendTimeoutError("the time for the whole template is over", hint="--timeout gives it more")
            result.fail(late, self._failed())
        result.artifacts, result.metrics = context.artifacts, context.metrics
        result.provenance, result.checks = context.provenance, context.checks
        result.phases = [self._told[phase.id] for phase in context.template.phases if phase.id in self._told]
        result.result = context.results.get(self._last)
        context.metrics.duration_ms = round((time.monotonic() - started) * 1000)
        return result

    @property
    def _last(self) -> str:
        return self._context.template.phases[-1].id

    def _require_json(self) -> None:
        """What the last phase gave is the template's result, which every way out writes as JSON."""
        try:
            dumps(self._context.results[self._last])
        except TypeError as error:
            self._context.results.pop(self._last)
            self._told[self._last]["status"] = "failed"
            raise LlmxError(f"phase {self._last}: {error}", hint="a result is made of what JSON has") from None

    async def _all(self) -> None:
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            async with asyncio.timeout(self._context.remaining), asyncio.TaskGroup() as group:
                for phase in self._context.template.phases:
                    needed = [tasks[need] for need in phase.needs]
                    tasks[phase.id] = group.create_task(self._after(needed, phase))
        except ExceptionGroup as failures:
            raise _first(failures) from None

    async def _after(self, needed: list[asyncio.Task[None]], phase: Phase) -> None:
        for task in needed:
            await task
        started = time.monotonic()
        told = self._told[phase.id] = {"id": phase.id, "status": "running"}
        self._allow(phase)
        try:
            require_unchanged(self._context.template)
            value, told["status"] = await self._result(phase)
        except asyncio.CancelledError:  # for another phase's failure, or for time
            told["status"] = "stopped"
            raise
        except (LlmxError, TimeoutError, BaseExceptionGroup):
            told["status"] = "failed"
            raise
        except Exception as error:  # an expression or a schema that breaks on what a model has said
            told["status"] = "failed"
            raise PhaseError(f"phase {phase.id}: {type(error).__name__}: {error}") from error
        finally:
            told["ms"] = round((time.monotonic() - started) * 1000)
        self._context.results[phase.id] = value

    def _allow(self, phase: Phase) -> None:
        """From here on, in this task, calls count against the phase's share of what may be used."""
        PHASE.set(phase.id)
        outer = ALLOWANCES.get()
        client = self._context.client
        if phase.share is None or client is None:
            return
        cost = outer[-1].cost if outer else _nano(client.options.max_cost)
        tokens = outer[-1].tokens if outer else client.options.max_tokens
        if cost is not None or tokens is not None:
            ALLOWANCES.set((*outer, Allowance(phase.id, _part(cost, phase.share), _part(tokens, phase.share))))

    async def _result(self, phase: Phase) -> tuple[Any, str]:
        if self._kept and phase.id in self._kept.results:
            self._kept.effects[phase.id].apply(self._context)
            return self._kept.results[phase.id], "kept"
        if phase.when and not self._context.renderer.expression(phase.when, self._context.values):
            return SKIPPED, "skipped"
        value, effects = await self._tried(phase)
        check_result(phase, value)
        self._keep(phase.id, value, effects)
        return value, "done"

    def _keep(self, name: str, value: object, effects: Effects) -> None:
        self._done[name] = value
        if self._kept:
            models = self._context.provenance.get("models", [])
            self._kept.put(name, value, effects, phase=PHASE.get(), models=models)

    def _keep_part(self, context: Context, name: str, value: object) -> None:
        """Of a part of a phase only its value is kept, and what speaks against whoever has said it."""
        self._keep(name, value, Effects(checks=Checks(doubts=list(context.checks.doubts))))

    async def _tried(self, phase: Phase) -> tuple[Any, Effects]:
        """Its value, after as many tries as it may have; what cannot get better is not tried again."""
        for number in range(phase.retries + 1):
            view = View(self._context)
            view.context.keep = partial(self._keep_part, view.context)
            is_last = number == phase.retries
            try:
                async with asyncio.timeout(phase.timeout) as limit:
                    value = await self._value(phase, view.context)
                effects = view.effects()
                effects.apply(self._context)
                return value, effects
            except TimeoutError:
                if not limit.expired():
                    raise PhaseError(f"phase {phase.id}: something in it took too long") from None
                if is_last:
                    view.effects().apply(self._context)
                    raise BackendTimeoutError(f"phase {phase.id} was not done within {phase.timeout:g} s") from None
            except LlmxError as error:
                if is_last or not _may_get_better(error):
                    view.effects().apply(self._context)
                    raise
        raise AssertionError

    async def _value(self, phase: Phase, context: Context) -> Any:  # noqa: ANN401  # JSON
        if not phase.for_each:
            return await self._work(phase, context, {})
        items = context.renderer.expression(phase.for_each, context.values)
        if not isinstance(items, list | tuple):
            raise PhaseError(f"phase {phase.id}: {phase.for_each!r} is no list")
        gate = asyncio.Semaphore(self._jobs)

        async def one(item: Any, number: int) -> Any:  # noqa: ANN401
            name = f"{phase.id}.{number}.{_sum(item)}"
            if name in self._done:
                return self._done[name]
            async with gate:
                value = await self._work(phase, context, {"item": item, "number": number})
            if phase.prompt:  # code may leave more than its value
                self._keep_part(context, name, value)
            return value

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(item, number)) for number, item in enumerate(items, 1)]
        except ExceptionGroup as failures:
            raise _first(failures) from None
        return [task.result() for task in tasks]

    async def _work(self, phase: Phase, context: Context, extra: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        if phase.run:
            return await self._code(phase, context, extra)
        values = {**context.values, **extra}
        if phase.template:
            from_here = {key: context.renderer.expression(text, values) for key, text in phase.parameters.items()}
            return await self._sub_template(phase.template, from_here, context)
        system = context.renderer.file(phase.system, values) if phase.system else ""
        prompt = context.renderer.file(phase.prompt, values)
        item = extra.get("item")
        sample = int(item.get("sample", 0)) if isinstance(item, Mapping) else 0
        return await context.ask(prompt, system, schema=phase.schema, max_tokens=phase.max_tokens, sample=sample)

    async def _code(self, phase: Phase, context: Context, extra: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        """What the phase's function returns; a fault in it ends the phase, not the whole program."""
        try:
            function = self._function(phase.run)
            made = function(context, **extra)
            return await made if inspect.isawaitable(made) else made
        except (LlmxError, TimeoutError, BaseExceptionGroup):
            raise
        except (Exception, SystemExit) as error:  # a template that leaves with 0 has not done its work
            raise PhaseError(f"phase {phase.id}: {type(error).__name__}: {error}") from error

    def _function(self, target: str) -> Callable[..., Any]:
        module, _, name = target.partition(":")
        if module not in self._modules:
            self._modules[module] = _imported(self._context.template, module)
        function: Callable[..., Any] | None = getattr(self._modules[module], name, None)
        if function is None:
            raise PhaseError(f"{self._context.template.folder}/{module}.py has no {name}")
        return function

    async def _sub_template(self, name: str, parameters: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401
        return await perform_template(name, parameters, context)

    def _failed(self) -> str:
        """The phase that failed, else the first that was stopped."""
        ended = {status: name for name, told in reversed(self._told.items()) if (status := told["status"])}
        return ended.get("failed", ended.get("stopped", ""))


async def perform_template(name: str, parameters: Mapping[str, Any], outer: Context) -> Any:  # noqa: ANN401  # JSON
    """The result of another template, asked by the same client, its artifacts in a folder of its name."""
    inner = inner_context(name, parameters, outer)
    template = inner.template
    result = await Engine(inner, "", jobs=1).perform()
    if inner.findings is not None:
        outer.findings = [*(outer.findings or ()), *inner.findings]
    if result.error:
        result.error.message = f"template {name}: {result.error.message}"
        raise result.error
    for artifact in result.artifacts:
        outer.add(f"{template.id}/{artifact.name}", artifact.data, artifact.media_type)
    return result.result


def inner_context(name: str, parameters: Mapping[str, Any], outer: Context) -> Context:
    """A run of another template as part of one."""
    template = find(name)
    return replace(
        outer,
        template=template,
        parameters=checked(template, parameters),
        renderer=renderer_of(template),
        results={},
        artifacts=[],
        findings=None,
    )


def _imported(template: Template, module: str) -> ModuleType:
    """The template's own code, from its source as it stands there; a built-in one is part of llmx."""
    if template.source == "built-in":
        __import__(name := f"llmx.templates.builtin.{template.folder.name}.{module}")
        return sys.modules[name]
    if template.source == "file":  # it has no code of its own: who reads such files names ours
        __import__(module)
        return sys.modules[module]
    file = template.folder / f"{module}.py"
    made = ModuleType(f"llmx_template_{template.digest[:16]}_{module}")
    made.__file__ = str(file)
    sys.modules[made.__name__] = made
    try:
        code = file.read_bytes()
    except OSError:
        raise PhaseError(f"{file} is not there") from None
    require_unchanged(template, {file: code})
    exec(compile(code, str(file), "exec", dont_inherit=True), vars(made))
    return made


def _first(failures: BaseExceptionGroup[Any]) -> BaseException:
    """The first failure of those that came at once; the most telling where there are several."""
    found = list(failures.exceptions)
    nested = [_first(each) if isinstance(each, BaseExceptionGroup) else each for each in found]
    budget = [each for each in nested if isinstance(each, BudgetError)]
    return (budget or nested)[0]


def _may_get_better(error: LlmxError) -> bool:
    """Whether asking again may help: a key that is refused or a quota that is spent stays so."""
    if not isinstance(error, PhaseError | InconclusiveError):
        return False
    return not isinstance(error, BackendError) or error.is_passing or isinstance(error, AnswerError)


def _sum(item: object) -> str:
    """What tells items apart, so that a kept answer is only taken for the same question."""
    return hashlib.sha256(json.dumps(item, sort_keys=True, default=str).encode(errors="replace")).hexdigest()[:16]


def _nano(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * NANO)


def _part(whole: int | None, share: float) -> int | None:
    return None if whole is None else int(whole * share)
