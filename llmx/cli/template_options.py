"""The options of ``llmx template exec``, and what they mean together."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import typer

from llmx.cli.model_options import Command, takes
from llmx.errors import UsageError, nearest
from llmx.templates import TAKES, Template
from llmx.templates.reports import FORMS
from llmx.templates.running import FAIL_ON, PLAIN, RunOptions, new_run

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
PlanOption = Annotated[
    bool, typer.Option("--plan", help="Show the prompts, tokens and the most it can cost; nothing is sent.")
]


class HowOptions(NamedTuple):
    """What was given on the command line about how a template is run: fields of ``RunOptions``, with its defaults."""

    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY", help=f"What is exit 1: {', '.join(FAIL_ON)}.")
    ] = PLAIN.fail_on
    min_coverage: Annotated[
        float, typer.Option("--min-coverage", min=0, max=100, metavar="%", help="Less read than this is exit 3.")
    ] = PLAIN.min_coverage
    diff: Annotated[
        str, typer.Option("--diff", metavar="BASE...HEAD", help="Only what this git range changes; - reads a diff.")
    ] = ""
    staged: Annotated[bool, typer.Option("--staged", help="Only what is staged for the next commit.")] = False
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="FILE", help="Findings that FILE knows or suppresses do not count.")
    ] = PLAIN.baseline
    updates_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Add what was found to the baseline; a missing one is made.")
    ] = PLAIN.updates_baseline
    votes: Annotated[
        int, typer.Option("--votes", min=1, max=25, metavar="N", help="Ask each question N times; the majority holds.")
    ] = PLAIN.votes
    canaries: Annotated[
        int,
        typer.Option("--canary", min=0, max=50, metavar="N", help="Plant N defects in a copy; one missed is exit 3."),
    ] = PLAIN.canaries
    jobs: Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Questions asked at once.")] = PLAIN.jobs
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="For models that take one.")] = PLAIN.seed
    resume: Annotated[
        str, typer.Option("--resume", metavar="RUN", help="Go on with a run that was broken off; last is the newest.")
    ] = PLAIN.resume

    def options(self, template: Template, timeout: float | None = None) -> RunOptions:
        """What they mean for this template.

        Raises ``UsageError`` for what it does not take, rather than leave it out.
        """
        self._require_sense()
        asked = {"diff": self.diff, "staged": self.staged, "baseline": self.baseline}
        asked |= {"votes": self.votes > 1, "canary": self.canaries > 0}
        _require_taken(template, [name for name in TAKES if asked[name]])
        extra: dict[str, Any] = {"diff": self.diff, "staged": self.staged}
        if self.diff == "-":
            extra["diff_text"] = sys.stdin.buffer.read().decode(errors="surrogateescape")
        own = {name: value for name, value in self._asdict().items() if name not in extra}
        return RunOptions(timeout=timeout, run=self.resume or new_run(), settles=False, extra=extra, **own)

    def _require_sense(self) -> None:
        if self.fail_on not in FAIL_ON:
            near = nearest(self.fail_on, FAIL_ON)
            known = ", ".join(FAIL_ON)
            raise UsageError(f"--fail-on {self.fail_on}: it is one of {known}", hint=near and f"did you mean {near}?")
        if (self.diff.startswith("-") and self.diff != "-") or (self.diff and self.staged):
            raise UsageError("--diff takes a git range such as main...HEAD, and not together with --staged")
        if self.updates_baseline and not self.baseline:
            raise UsageError("--update-baseline needs --baseline FILE")


def runs_a_template(names: tuple[str, ...] = HowOptions._fields) -> Callable[[Command], Command]:
    """Give a command these options in place of its parameter ``how``."""
    return takes(HowOptions, "how", names)


def _require_taken(template: Template, names: Sequence[str]) -> None:
    for name in names:
        if name not in template.takes:
            some = ", ".join(f"--{each}" for each in TAKES if each in template.takes) or "none of these options"
            raise UsageError(f"{template.id} does not take --{name}", hint=f"it takes {some}")
