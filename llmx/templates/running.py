"""Run templates by name: the library's six calls, and what the command line calls too."""

import os
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from llmx import __version__
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.errors import InconclusiveError, LlmxError
from llmx.templates import Template
from llmx.templates.baseline import read_baseline
from llmx.templates.engine import JOBS, Engine
from llmx.templates.findings import SEVERITIES
from llmx.templates.judging import judge
from llmx.templates.kept import Kept, forget_old, is_kept
from llmx.templates.metering import RunMeter
from llmx.templates.outcomes import Checks, Metrics, Result
from llmx.templates.parameters import checked
from llmx.templates.phases import Context
from llmx.templates.provenance import provenance
from llmx.templates.same_work import facts_of, model_of
from llmx.templates.sources import find
from llmx.templates.trusted import renderer_of


@dataclass(frozen=True)
class RunOptions:
    """How a template is run. ``fail_on`` is the least severity that counts, ``never`` for none.

    ``min_coverage`` is how many of 100 files must have been read for the outcome to count. ``extra`` is what a template
    reads beside its parameters, such as ``diff``. ``run`` is an id that was chosen before, which goes on with what is
    kept; without ``settles``, what is kept of the run stays until ``settle`` is called; without ``keeps``, nothing is.
    """

    timeout: float | None = None
    jobs: int = JOBS
    seed: int | None = None
    fail_on: str = "low"
    min_coverage: float = 100.0
    resume: str = ""
    run: str = ""
    settles: bool = True
    keeps: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    votes: int = 1
    canaries: int = 0
    baseline: str = ""
    updates_baseline: bool = False


PLAIN = RunOptions()
INTERRUPTED = 130


async def execute(
    name: str | Template, parameters: Mapping[str, Any], client: LLMClient | None, options: RunOptions = PLAIN
) -> Result:
    """Run a template, or the one of that name; raises only what is wrong before it begins."""
    template = find(name) if isinstance(name, str) else name
    values = checked(template, parameters)
    run = options.resume or options.run or new_run()
    known = read_baseline(options.baseline, is_new=options.updates_baseline) if options.baseline else None
    kept = Kept(run, facts_of(template, values, _said(options), model_of(client.wanted) if client else ""))
    meter = RunMeter()
    with kept:
        if options.resume or kept.is_there:
            kept.read()
        async with _apart(client, meter) as asked:
            context = Context(
                template,
                values,
                asked,
                renderer_of(template),
                options=options.extra,
                deadline=None if options.timeout is None else time.monotonic() + options.timeout,
                seed=options.seed,
                meter=meter,
                votes=options.votes,
                canaries=options.canaries,
                provenance={"models": kept.models} if kept.models else {},
                checks=Checks(doubts=kept.doubts),
            )
            result = await Engine(context, kept.run, jobs=options.jobs, kept=kept if options.keeps else None).perform()
    _count(result.metrics, meter)
    result.provenance = await provenance(context)
    result.findings, result.coverage, result.kept = context.findings, context.coverage, kept if options.keeps else None
    if known and result.findings is not None:
        known.sort(result)
    judge(result, fail_on=options.fail_on, min_coverage=options.min_coverage)
    if known and options.updates_baseline:
        try:
            known.update(result)
        except LlmxError as error:  # what was found is told all the same
            result.fail(error)
    if options.settles:
        settle(result)
    return result


def _said(options: RunOptions) -> dict[str, Any]:
    """What a run may not change when it goes on, by its names on the command line."""
    extra = {
        "the diff on stdin" if name == "diff_text" else f"--{name}": value for name, value in options.extra.items()
    }
    return {**extra, "--seed": options.seed, "--votes": options.votes, "--canary": options.canaries}


def interrupted(template: Template, parameters: Mapping[str, Any], run: str) -> Result:
    """What is told of a run that was interrupted, for the envelope and for reports."""
    result = Result(template, dict(parameters), run)
    hint = f"what is done is kept: --resume {run} goes on with it" if is_kept(run) else None
    result.fail(InconclusiveError("it was interrupted", hint=hint))
    result.code = INTERRUPTED
    digests = {"template_digest": template.digest, "input_digest": ""}
    result.provenance = {"llmx": __version__, "template": template.id, "version": template.version, **digests}
    return result


def config_for(template: Template, config: LLMConfig) -> LLMConfig:
    """``config``, with the model that a file names which is a template, where nobody has said who is to answer."""
    is_said = config.model or config.backend or config.api_base
    return config if is_said or not template.model else replace(config, model=template.model)


def new_run() -> str:
    """An id for a run."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"


def _apart(client: LLMClient | None, meter: RunMeter) -> AbstractAsyncContextManager[LLMClient | None]:
    """The client with connections, and models, that stay for the whole run."""
    return nullcontext() if client is None else client.metered(meter)


def _count(metrics: Metrics, meter: RunMeter) -> None:
    metrics.cost_usd, metrics.tokens_used = meter.cost, meter.tokens
    metrics.model_calls = sum(call.status == "done" for call in meter.calls)
    metrics.cached_calls = sum(call.cached for call in meter.calls)
    metrics.failed_calls = len(meter.calls) - metrics.model_calls


def settle(result: Result) -> None:
    """Forget what was kept of the run, unless something in it is still to be done."""
    if result.kept and not result.error:
        result.kept.remove()
        forget_old()


FAIL_ON = (*SEVERITIES, "never")
