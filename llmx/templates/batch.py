"""One template over many inputs: some at once, results in the order of the inputs, and nothing paid twice.

A batch has an id. What each input came to is added to its journal as soon as it is known, so that a batch that was
broken off goes on with its id. Inputs that ended without a verdict are tried again then.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from llmx.core.client import LLMClient
from llmx.errors import InconclusiveError, LlmxError, NotFoundError, UsageError
from llmx.paths import make_private
from llmx.templates import Template
from llmx.templates.kept import JOURNAL, batches, forget_old
from llmx.templates.parameters import checked
from llmx.templates.running import RunOptions, execute, new_run
from llmx.templates.same_work import differences, facts_of, listed, sum_of

MOST_TOLD = 20
SETTLED = (0, 1)
"""Exit codes of inputs that are not tried again: they were judged."""

Envelope = dict[str, Any]


class Input(NamedTuple):
    """One line of the file, from 1, and its parameters, defaults included."""

    line: int
    parameters: dict[str, Any]


def read_inputs(template: Template, text: str, source: str) -> list[Input]:
    """The inputs: a JSON object of parameters a line. Raises ``UsageError`` that names every line that is wrong."""
    found, wrong = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(Input(number, checked(template, _object(line))))
        except UsageError as error:
            wrong.append(f"line {number}: {error.message}")
    if wrong:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise UsageError(f"{source}: {'; '.join(wrong[:MOST_TOLD])}{more}", hint="nothing was sent")
    if not found:
        raise UsageError(f"{source} holds no input", hint="a JSON object of parameters on each line")
    return found


class Batch:
    """One run over ``inputs``; ``resume`` is the id of one that was broken off, ``model`` who was named to answer."""

    def __init__(
        self,
        template: Template,
        inputs: Sequence[Input],
        options: RunOptions,
        *,
        resume: str = "",
        model: str = "",
    ) -> None:
        forget_old()
        self.id = resume or new_run()
        self._template = template
        self._inputs = inputs
        self._options = options
        self._folder = batches() / self.id
        left_out = ("timeout", "jobs", "resume", "run")
        judged = {f"--{key.replace('_', '-')}": value for key, value in vars(options).items() if key not in left_out}
        lines = {f"line {each.line}": sum_of(each.parameters) for each in inputs}
        self._facts = {**facts_of(template, {}, judged, model), **lines}
        # one question is kept by the journal; only more than that is worth keeping on the way
        self._keeps = len(template.phases) > 1 or any(phase.for_each for phase in template.phases)
        if resume and ("/" in resume or not (self._folder / JOURNAL).is_file()):
            raise NotFoundError(f"there is no unfinished batch {resume}", hint="its id was told on stderr")
        self._journal = self._open()
        self._done = self._read() if resume else {}

    @property
    def left(self) -> int:
        """How many inputs are still to be done."""
        return len(self._inputs) - len(self._done)

    async def results(self, client: LLMClient, jobs: int) -> AsyncIterator[Envelope]:
        """The envelope of each input, in their order, each as soon as all before it are there."""
        gate = asyncio.Semaphore(jobs)
        tasks = {
            each.line: asyncio.create_task(self._one(each, client, gate))
            for each in self._inputs
            if each.line not in self._done
        }
        try:
            for each in self._inputs:
                yield self._done[each.line] if each.line in self._done else await tasks.pop(each.line)
            self._forget()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            os.close(self._journal)

    async def _one(self, given: Input, client: LLMClient, gate: asyncio.Semaphore) -> Envelope:
        async with gate:
            run = f"{self.id}-{given.line}"
            options = replace(self._options, run=run, settles=False, keeps=self._keeps)
            try:
                result = await execute(self._template, given.parameters, client, options)
            except LlmxError as error:
                told = _refused(error, given)
                self._note(told)
                return told
        told = {"line": given.line, **result.envelope([])}
        self._note(told)
        if result.kept and not result.error:
            result.kept.remove()
        return told

    def _note(self, value: Mapping[str, Any]) -> None:
        """In one write, so that a line is there whole or, after a kill, known to be cut."""
        os.write(self._journal, (json.dumps(value, ensure_ascii=False) + "\n").encode(errors="backslashreplace"))

    def _open(self) -> int:
        make_private(str(self._folder))
        journal = os.open(self._folder / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(journal)
            hint = "it can be gone on with when it has ended"
            raise UsageError(f"batch {self.id} is going on", hint=hint) from None
        if os.fstat(journal).st_size == 0:
            os.write(journal, (json.dumps({"batch": self._facts}) + "\n").encode())
        else:
            os.write(journal, b"\n")  # the last line may have been cut
        return journal

    def _read(self) -> dict[int, Envelope]:
        first, *rest = _lines(self._folder / JOURNAL)
        if other := differences(first.get("batch") or {}, self._facts):
            os.close(self._journal)
            raise UsageError(
                f"batch {self.id} was not of the same work: {listed(other)} changed since",
                hint="say what was said then, or leave --resume out to begin anew",
            )
        return {each["line"]: each for each in rest if each.get("exit_code") in SETTLED}

    def _forget(self) -> None:
        """All is told; only what may be tried again is kept."""
        told = {each["line"]: each.get("exit_code") for each in _lines(self._folder / JOURNAL)[1:]}
        if all(code in SETTLED for code in told.values()):
            with suppress(OSError):
                (self._folder / JOURNAL).unlink()
                self._folder.rmdir()


def worst(codes: Sequence[int]) -> int:
    """The exit code of all: what failed before findings, findings before what is inconclusive, and clean last."""
    return max(codes, key=_rank)


def _rank(code: int) -> tuple[int, int]:
    mild = {0: 0, InconclusiveError.exit_code: 1, 1: 2}
    return mild.get(code, 3), code


def _refused(error: LlmxError, given: Input) -> Envelope:
    """What came of an input that could not even begin."""
    problem = {"problem": error.message, "parameters": given.parameters}
    return {"line": given.line, "outcome": "failed", "exit_code": error.exit_code, "metadata": problem}


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise UsageError(f"it is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError("it is no JSON object")
    return value


def _lines(journal: Path) -> list[Envelope]:
    return list(_whole(journal.read_text(encoding="utf-8", errors="replace")))


def _whole(text: str) -> Iterator[Envelope]:
    for line in text.split("\n"):
        with suppress(ValueError):
            yield json.loads(line)
