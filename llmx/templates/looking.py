"""Before a run goes on: is everything that it has read still as it was then?"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from llmx.errors import InconclusiveError, LlmxError
from llmx.templates import Phase
from llmx.templates.kept import Kept
from llmx.templates.outcomes import Checks, Metrics
from llmx.templates.phases import Context, sum_of_file
from llmx.templates.same_work import changes, listed

Work = Callable[[Phase, Context], Awaitable[Any]]


class Looking:
    """Compares what the kept phases of a run have read with what is there now; ``work`` does a phase, asking nobody."""

    def __init__(self, context: Context, kept: Kept, work: Work) -> None:
        self._template = context.template
        self._kept = kept
        self._work = work
        self._context = replace(
            context,
            client=None,
            results={},
            artifacts=[],
            metrics=Metrics(),
            provenance={},
            coverage=[],
            findings=None,
            checks=Checks(),
            inputs={},
            files={},
            kept={},
            keep=None,
        )

    async def require_same(self) -> None:
        """Raise ``InconclusiveError`` that names what is not."""
        if other := [*self._changed_files(), *await self._changed_inputs()]:
            raise InconclusiveError(
                f"run {self._kept.run} has read what is not the same any more: {listed(dict.fromkeys(other))}",
                hint="put it back, or leave --resume out to begin anew",
            )

    def _changed_files(self) -> list[str]:
        before = {path: sum_ for each in self._kept.effects.values() for path, sum_ in each.files.items()}
        now = {path: found for path in before if (found := sum_of_file(path))}
        return changes(before, now)

    async def _changed_inputs(self) -> list[str]:
        """What phases that only read would read now. A run that has begun to act has changed its input itself."""
        acting = {phase.id for phase in self._template.phases if phase.plan == "skip"}
        if acting & self._kept.begun:
            return []
        other: list[str] = []
        for phase in self._template.phases:
            if phase.id not in self._kept.results:
                continue
            before = self._kept.effects[phase.id]
            is_known_by_its_files = before.files or not (before.inputs or before.coverage)
            if phase.plan == "run" and not phase.for_each and not is_known_by_its_files:
                other += await self._changed(phase)
            self._context.results[phase.id] = self._kept.results[phase.id]
        return other

    async def _changed(self, phase: Phase) -> list[str]:
        context, before = replace(self._context, coverage=[], inputs={}), self._kept.effects[phase.id]
        try:
            await self._work(phase, context)
        except LlmxError as error:  # what it had read until then may say why
            read = {name: sum_ for name, sum_ in before.inputs.items() if name in context.inputs}
            return changes(read, context.inputs) or [error.message]
        unread = {each["path"]: str(each["read"]) for each in before.coverage}
        unread_now = {each["path"]: str(each["read"]) for each in context.coverage}
        return changes(before.inputs, context.inputs) or changes(unread, unread_now)
