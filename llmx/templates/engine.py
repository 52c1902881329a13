"""Run a template: its phases in their order, side by side where none needs the other, each within its limits."""

import asyncio
import inspect
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from llmx.core.backends.errors import BackendTimeoutError
from llmx.errors import BudgetError, InconclusiveError, LlmxError
from llmx.templates import Phase, Template
from llmx.templates.outcomes import Result
from llmx.templates.parameters import checked
from llmx.templates.phases import Context, PhaseError, check_result
from llmx.templates.rendering import Renderer
from llmx.templates.sources import find

JOBS = 4
"""How many items of a ``for_each`` are worked on at once where nothing is said."""

SKIPPED = None


class Engine:
    """One run of one template. ``kept`` are results of an earlier run that are not made again."""

    def __init__(
        self,
        context: Context,
        run: str,
        *,
        jobs: int = JOBS,
        kept: Mapping[str, Any] | None = None,
        when_done: Callable[[str, Any], None] | None = None,
    ) -> None:
        self._context = context
        self._run = run
        self._jobs = jobs
        self._kept = dict(kept or {})
        self._when_done = when_done
        self._told: dict[str, dict[str, Any]] = {}
        self._module: ModuleType | None = None
        context.kept, context.keep = self._kept, when_done

    async def perform(self) -> Result:
        """All phases; a failure ends the run with what it has, and says which phase it was."""
        context, started = self._context, time.monotonic()
        result = Result(context.template, dict(context.parameters), self._run)
        try:
            await self._all()
        except LlmxError as error:
            _note_failure(result, error, self._failed())
        except TimeoutError:
            late = BackendTimeoutError("the time for the whole template is over", hint="--timeout gives it more")
            _note_failure(result, late, self._failed())
        result.artifacts, result.metrics = context.artifacts, context.metrics
        result.provenance = context.provenance
        result.phases = [self._told[phase.id] for phase in context.template.phases if phase.id in self._told]
        result.result = context.results.get(context.template.phases[-1].id)
        context.metrics.duration_ms = round((time.monotonic() - started) * 1000)
        return result

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
        try:
            value, told["status"] = await self._result(phase)
        except BaseException:
            told["status"] = "failed"
            raise
        finally:
            told["ms"] = round((time.monotonic() - started) * 1000)
        self._context.results[phase.id] = value
        if told["status"] == "done" and self._when_done:
            self._when_done(phase.id, value)

    async def _result(self, phase: Phase) -> tuple[Any, str]:
        if phase.id in self._kept:
            return self._kept[phase.id], "kept"
        if phase.when and not self._context.renderer.expression(phase.when, self._context.values):
            return SKIPPED, "skipped"
        value = await self._tried(phase)
        check_result(phase, value)
        return value, "done"

    async def _tried(self, phase: Phase) -> Any:  # noqa: ANN401  # JSON
        """Its value, after as many tries as it may have; what cannot get better is not tried again."""
        for number in range(phase.retries + 1):
            try:
                async with asyncio.timeout(phase.timeout):
                    return await self._value(phase)
            except TimeoutError:
                if number == phase.retries:
                    raise BackendTimeoutError(f"phase {phase.id} was not done within {phase.timeout:g} s") from None
            except (PhaseError, InconclusiveError):
                if number == phase.retries:
                    raise
        raise AssertionError

    async def _value(self, phase: Phase) -> Any:  # noqa: ANN401  # JSON
        if not phase.for_each:
            return await self._work(phase, {})
        items = self._context.renderer.expression(phase.for_each, self._context.values)
        gate = asyncio.Semaphore(self._jobs)

        async def one(item: Any, number: int) -> Any:  # noqa: ANN401
            async with gate:
                return await self._work(phase, {"item": item, "number": number})

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(item, number)) for number, item in enumerate(items, 1)]
        except ExceptionGroup as failures:
            raise _first(failures) from None
        return [task.result() for task in tasks]

    async def _work(self, phase: Phase, extra: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        context = self._context
        if phase.run:
            function = self._function(phase.run)
            made = function(context, **extra)
            return await made if inspect.isawaitable(made) else made
        values = {**context.values, **extra}
        if phase.template:
            return await self._sub_template(phase, values)
        system = context.renderer.file(phase.system, values) if phase.system else ""
        prompt = context.renderer.file(phase.prompt, values)
        return await context.ask(prompt, system, schema=phase.schema, max_tokens=phase.max_tokens)

    async def _sub_template(self, phase: Phase, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # JSON
        """The result of another template, whose parameters are Jinja expressions."""
        from_here = {name: self._context.renderer.expression(text, values) for name, text in phase.parameters.items()}
        return await perform_template(phase.template, from_here, self._context)

    def _function(self, target: str) -> Callable[..., Any]:
        module, _, name = target.partition(":")
        if self._module is None:
            self._module = _imported(self._context.template, module)
        function: Callable[..., Any] | None = getattr(self._module, name, None)
        if function is None:
            raise PhaseError(f"{self._context.template.folder}/{module}.py has no {name}")
        return function

    def _failed(self) -> str:
        return next((name for name, told in self._told.items() if told["status"] == "failed"), "")


async def perform_template(name: str, parameters: Mapping[str, Any], outer: Context) -> Any:  # noqa: ANN401  # JSON
    """The result of another template, asked by the same client, its artifacts in a folder of its name."""
    template = find(name)
    inner = replace(
        outer,
        template=template,
        parameters=checked(template, parameters),
        renderer=Renderer(template.folder),
        results={},
        artifacts=[],
    )
    result = await Engine(inner, "", jobs=1).perform()
    if result.problem:
        raise PhaseError(f"template {name}: {result.problem}")
    for artifact in result.artifacts:
        outer.add(f"{name}/{artifact.name}", artifact.data, artifact.media_type)
    return result.result


def _imported(template: Template, module: str) -> ModuleType:
    """The template's own code, from its source as it stands there; a built-in one is part of llmx."""
    if template.source == "built-in":
        __import__(name := f"llmx.templates.builtin.{template.folder.name}.{module}")
        return sys.modules[name]
    file = template.folder / f"{module}.py"
    made = ModuleType(f"llmx_template_{template.digest[:16]}_{module}")
    made.__file__ = str(file)
    sys.modules[made.__name__] = made
    try:
        exec(compile(file.read_bytes(), str(file), "exec", dont_inherit=True), vars(made))
    except OSError:
        raise PhaseError(f"{file} is not there") from None
    return made


def _first(failures: BaseExceptionGroup[Any]) -> BaseException:
    """The first failure of those that came at once; the most telling where there are several."""
    found = list(failures.exceptions)
    nested = [_first(each) if isinstance(each, BaseExceptionGroup) else each for each in found]
    budget = [each for each in nested if isinstance(each, BudgetError)]
    return (budget or nested)[0]


def _note_failure(result: Result, error: LlmxError, phase: str) -> None:
    """What did not run is never a success; a model that could not be asked makes the run inconclusive."""
    result.outcome = "inconclusive" if isinstance(error, InconclusiveError) else "failed"
    result.code = error.exit_code
    result.problem = error.message + (f" ({error.hint})" if error.hint else "")
    result.failed_phase = phase
