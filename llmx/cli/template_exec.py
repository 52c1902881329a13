"""``llmx template exec``: run a template, write what it makes, and leave with the code that says how it ended."""

from pathlib import Path
from typing import Annotated

import typer

from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import ModelOptions, all_but, asks_a_model, seconds
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.errors import UsageError, nearest
from llmx.exec.result import write_file
from llmx.templates.artifacts import require_writable, write
from llmx.templates.outcomes import Result
from llmx.templates.parameters import values
from llmx.templates.reports import FORMS
from llmx.templates.running import FAIL_ON, RunOptions
from llmx.templates.running import execute as run_template
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)

ParamOption = Annotated[
    list[str] | None, typer.Option("--param", metavar="K=V", help="A parameter; K=@file reads a file, K=@- stdin.")
]
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


@app.command("exec")
@asks_a_model(all_but("top_p", "max_tokens"))
def execute(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A template's id, or a folder with one.")],
    *,
    param: ParamOption = None,
    params_file: Annotated[str, typer.Option("--params-file", metavar="FILE", help="Parameters as JSON.")] = "",
    output_dir: Annotated[
        str, typer.Option("--output-dir", "-o", metavar="FOLDER", help="Where artifacts are written.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    report: ReportOption = None,
    fail_on: FailOnOption = "low",
    min_coverage: MinCoverageOption = 100.0,
    diff: Annotated[str, typer.Option("--diff", metavar="BASE...HEAD", help="Only what this git range changes.")] = "",
    staged: Annotated[bool, typer.Option("--staged", help="Only what is staged for the next commit.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Questions asked at once.")] = 4,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="For models that take one.")] = None,
    resume: Annotated[str, typer.Option("--resume", metavar="RUN", help="Go on with a run that was broken off.")] = "",
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Run a template. Exit 0: done and clean, 1: findings, 3: inconclusive; nothing that did not run is 0."""
    forms = [_form(each) for each in report or ()]
    if fail_on not in FAIL_ON:
        near = nearest(fail_on, FAIL_ON)
        raise UsageError(
            f"--fail-on {fail_on}: it is one of {', '.join(FAIL_ON)}", hint=near and f"did you mean {near}?"
        )
    if diff.startswith("-") or (diff and staged):
        raise UsageError("--diff takes a git range such as main...HEAD, and not together with --staged")
    template = find(name)
    chosen = values(template, param or (), params_file)
    if output_dir:
        require_writable(Path(output_dir))
    asker = Asker(ctx, given, NOBODY._replace(template=template.id))
    asked = asker.client(given._replace(timeout=None).config)  # the time is the run's, not a call's
    extent = {"diff": diff, "staged": staged}
    options = RunOptions(seconds(given.timeout), jobs, seed, fail_on, min_coverage, resume, extent)
    result: Result = load("llmx.core.blocking:run")(lambda: run_template(name, chosen, asked, options))
    paths = write(Path(output_dir), result.artifacts, force=force) if output_dir else []
    _report(result, forms)
    _show(result, [str(path) for path in paths], output, quiet=any(not file for _, file in forms))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _form(text: str) -> tuple[str, str]:
    form, _, file = text.partition("=")
    if form not in FORMS:
        near = nearest(form, FORMS)
        hint = f"did you mean {near}?" if near else f"it is one of {', '.join(FORMS)}"
        raise UsageError(f"--report: there is no form {form!r}", hint=hint)
    return form, file


def _report(result: Result, forms: list[tuple[str, str]]) -> None:
    for form, file in forms:
        text = load(FORMS[form])(result)
        if file:
            try:
                write_file(file, text.encode(errors="replace"))
            except OSError as error:
                raise UsageError(f"--report {form}={file}: {error.strerror}") from None
        else:
            print(text, end="")


def _show(result: Result, paths: list[str], output: Output, *, quiet: bool) -> None:
    """The envelope, or in a few lines what it says; nothing where a report has gone to stdout."""
    if output == Output.json:
        print(dumps(result.envelope(paths)))
    elif not quiet:
        print(load("llmx.templates.reports.plain:as_markdown")(result), end="")
        for path in paths:
            print(f"written: {path}")
