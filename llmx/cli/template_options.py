"""The options of ``llmx template exec``, and what they mean together."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import typer

from llmx.errors import UsageError, nearest
from llmx.templates import TAKES, Template
from llmx.templates.engine import JOBS
from llmx.templates.reports import FORMS
from llmx.templates.running import FAIL_ON, RunOptions, new_run

ParamOption = Annotated[
    list[str] | None, typer.Option("--param", metavar="K=V", help="A parameter; K=@file reads a file, K=@- stdin.")
]
ParamsFileOption = Annotated[str, typer.Option("--params-file", metavar="FILE", help="Parameters as JSON.")]
OutputDirOption = Annotated[
    str, typer.Option("--output-dir", "-o", metavar="FOLDER", help="Where artifacts are written.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]
ReportOption = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FORM[=FILE]", help=f"A report: {', '.join(FORMS)}; several may be given."),
]
FailOnOption = Annotated[
    str, typer.Option("--fail-on", metavar="SEVERITY", help=f"What is exit 1: {', '.join(FAIL_ON)}.")
]
MinCoverageOption = Annotated[
    float, typer.Option("--min-coverage", min=0, max=100, metavar="%", help="Less read than this is exit 3.")
]
DiffOption = Annotated[
    str, typer.Option("--diff", metavar="BASE...HEAD", help="Only what this git range changes; - reads a diff.")
]
StagedOption = Annotated[bool, typer.Option("--staged", help="Only what is staged for the next commit.")]
BaselineOption = Annotated[
    str, typer.Option("--baseline", metavar="FILE", help="Findings that FILE knows or suppresses do not count.")
]
UpdateBaselineOption = Annotated[
    bool, typer.Option("--update-baseline", help="Add what was found to the baseline; a missing one is made.")
]
VotesOption = Annotated[
    int, typer.Option("--votes", min=1, max=25, metavar="N", help="Ask each question N times; the majority holds.")
]
CanaryOption = Annotated[
    int, typer.Option("--canary", min=0, max=50, metavar="N", help="Plant N defects in a copy; one missed is exit 3.")
]
PlanOption = Annotated[
    bool, typer.Option("--plan", help="Show the prompts, tokens and the most it can cost; nothing is sent.")
]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Questions asked at once.")]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="For models that take one.")]
ResumeOption = Annotated[
    str, typer.Option("--resume", metavar="RUN", help="Go on with a run that was broken off; last is the newest.")
]


class Given(NamedTuple):
    """What was given on the command line about how a template is run."""

    timeout: float | None = None
    jobs: int = JOBS
    seed: int | None = None
    fail_on: str = "low"
    min_coverage: float = 100.0
    resume: str = ""
    diff: str = ""
    staged: bool = False
    baseline: str = ""
    update_baseline: bool = False
    votes: int = 1
    canary: int = 0


def run_options(template: Template, given: Given) -> RunOptions:
    """What they mean for this template; raises ``UsageError`` for what it does not take, rather than leave it out."""
    if given.fail_on not in FAIL_ON:
        near = nearest(given.fail_on, FAIL_ON)
        raise UsageError(
            f"--fail-on {given.fail_on}: it is one of {', '.join(FAIL_ON)}", hint=near and f"did you mean {near}?"
        )
    if (given.diff.startswith("-") and given.diff != "-") or (given.diff and given.staged):
        raise UsageError("--diff takes a git range such as main...HEAD, and not together with --staged")
    if given.update_baseline and not given.baseline:
        raise UsageError("--update-baseline needs --baseline FILE")
    asked = {"diff": given.diff, "staged": given.staged, "baseline": given.baseline}
    _require_taken(template, [name for name, value in asked.items() if value])
    _require_taken(template, ["votes"] * (given.votes > 1) + ["canary"] * (given.canary > 0))
    extra: dict[str, Any] = {"diff": given.diff, "staged": given.staged}
    if given.diff == "-":
        extra["diff_text"] = sys.stdin.buffer.read().decode(errors="surrogateescape")
    return RunOptions(
        given.timeout,
        given.jobs,
        given.seed,
        given.fail_on,
        given.min_coverage,
        given.resume,
        given.resume or new_run(),
        settles=False,
        extra=extra,
        votes=given.votes,
        canaries=given.canary,
        baseline=given.baseline,
        updates_baseline=given.update_baseline,
    )


def _require_taken(template: Template, names: Sequence[str]) -> None:
    for name in names:
        if name not in template.takes:
            some = ", ".join(f"--{each}" for each in TAKES if each in template.takes) or "none of these options"
            raise UsageError(f"{template.id} does not take --{name}", hint=f"it takes {some}")
