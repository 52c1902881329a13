"""Run templates by name: the library's six calls, and what the command line calls too."""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmx import paths
from llmx.core.client import LLMClient
from llmx.errors import NotFoundError
from llmx.paths import make_private
from llmx.templates import Template
from llmx.templates.engine import JOBS, Engine
from llmx.templates.findings import SEVERITIES, at_least
from llmx.templates.outcomes import Result
from llmx.templates.parameters import checked
from llmx.templates.phases import Context
from llmx.templates.rendering import Renderer
from llmx.templates.sources import find


@dataclass(frozen=True)
class RunOptions:
    """How a template is run. ``fail_on`` is the least severity that counts, ``never`` for none.

    ``min_coverage`` is how many of 100 files must have been read for the outcome to count. ``extra`` is what a template
    reads beside its parameters, such as ``diff``.
    """

    timeout: float | None = None
    jobs: int = JOBS
    seed: int | None = None
    fail_on: str = "low"
    min_coverage: float = 100.0
    resume: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


PLAIN = RunOptions()


async def execute(
    name: str | Template, parameters: Mapping[str, Any], client: LLMClient | None, options: RunOptions = PLAIN
) -> Result:
    """Run a template, or the one of that name; raises only what is wrong before it begins."""
    template = find(name) if isinstance(name, str) else name
    values = checked(template, parameters)
    run = options.resume or f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"
    kept = Kept(run, template, values, must_exist=bool(options.resume))
    context = Context(
        template,
        values,
        client,
        Renderer(template.folder),
        options=options.extra,
        deadline=None if options.timeout is None else time.monotonic() + options.timeout,
        seed=options.seed,
    )
    engine = Engine(context, run, jobs=options.jobs, kept=kept.results, when_done=kept.put)
    result = await engine.perform()
    result.provenance["input_digest"] = kept.identity
    result.findings = context.findings
    result.coverage = context.coverage
    _judge(result, options)
    if not result.problem:
        kept.remove()
    return result


def _judge(result: Result, options: RunOptions) -> None:
    """Clean, findings or inconclusive: by what was read and found, never by what a model thinks of it."""
    if result.problem:
        return
    read = sum(each["read"] for each in result.coverage)
    due = [each for each in result.coverage if each["read"] or each["reason"] not in HARMLESS]
    share = 100.0 * read / len(due) if due else 100.0
    if share < options.min_coverage:
        result.outcome = "inconclusive"
        result.problem = (
            f"{read} of {len(due)} files were read, {share:.0f} %, and {options.min_coverage:g} % are asked"
        )
    elif options.fail_on != "never" and result.findings and at_least(result.findings, options.fail_on):
        result.outcome = "findings"


HARMLESS = ("not code by its name", "empty", "deleted", "nothing is added", "binary", "a link")
"""Reasons to skip a file that leave nothing uncovered."""

FAIL_ON = (*SEVERITIES, "never")


class Kept:
    """What an unfinished run has done so far: a file for each phase, so that nothing is paid twice."""

    def __init__(self, run: str, template: Template, values: Mapping[str, Any], *, must_exist: bool) -> None:
        self._folder = Path(paths.state_dir()) / "templates" / run
        text = json.dumps([template.id, template.digest, dict(values)], sort_keys=True)
        self.identity = hashlib.sha256(text.encode()).hexdigest()
        self.results: dict[str, Any] = {}
        if must_exist:
            self._read(run)

    def put(self, phase: str, value: object) -> None:
        """Keep the result of a phase."""
        make_private(str(self._folder))
        fresh = self._folder / f".{phase}"
        fresh.write_text(json.dumps({"identity": self.identity, "value": value}), encoding="utf-8")
        fresh.replace(self._folder / f"{phase}.json")

    def remove(self) -> None:
        """The run is over."""
        if self._folder.is_dir():
            for file in self._folder.iterdir():
                file.unlink()
            self._folder.rmdir()

    def _read(self, run: str) -> None:
        if "/" in run or not self._folder.is_dir():
            raise NotFoundError(
                f"there is no unfinished run {run}", hint="the run's id is in the metadata of its result"
            )
        for file in self._folder.glob("*.json"):
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["identity"] != self.identity:
                raise NotFoundError(f"run {run} was of another template or with other parameters")
            self.results[file.stem] = found["value"]
