"""``llmx template exec``: run a template, write what it makes, and leave with the code that says how it ended."""

from pathlib import Path
from typing import Annotated

import typer

from llmx.cli import template_options as o
from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import ModelOptions, all_but, asks_a_model, seconds
from llmx.cli.output import Output, OutputOption
from llmx.cli.template_reports import clear, deliver, forms, report_all, show
from llmx.cli.termination import term_interrupts
from llmx.core.plugins import load
from llmx.errors import UsageError
from llmx.templates.artifacts import require_room
from llmx.templates.outcomes import Result
from llmx.templates.parameters import values
from llmx.templates.running import config_for, interrupted, settle
from llmx.templates.running import execute as run_template
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)


@app.command("exec")
@asks_a_model(all_but("top_p", "max_tokens"))
@o.runs_a_template()
def execute(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A template's id, or a folder or file that is one.")],
    *,
    param: o.ParamOption = None,
    params_file: o.ParamsFileOption = "",
    output_dir: o.OutputDirOption = "",
    force: o.ForceOption = False,
    report: o.ReportOption = None,
    plan: o.PlanOption = False,
    how: o.HowOptions,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Run a template. Exit 0: done and clean, 1: findings, 3: inconclusive; nothing that did not run is 0."""
    wanted = forms(report, output)
    if plan and (wanted or output_dir):
        raise UsageError(
            "--plan runs nothing, so there is nothing to write", hint="leave --report and --output-dir out"
        )
    template = find(name)
    chosen = values(template, param or (), params_file)
    options = how.options(template, seconds(given.timeout))
    asker = Asker(ctx, given, NOBODY._replace(template=template.id))
    config = given._replace(timeout=None).config  # the time is the run's, not a call's
    asked = asker.client(config if given.replay else config_for(template, config))
    if plan:
        load("llmx.cli.template_plan:show_plan")(name, chosen, asked, options, output)
        return
    if output_dir:
        require_room(Path(output_dir), template, chosen, force=force)
    clear(wanted)
    with term_interrupts():
        try:
            result: Result = load("llmx.core.blocking:run")(lambda: run_template(template, chosen, asked, options))
        except KeyboardInterrupt:
            result = interrupted(template, chosen, options.run)
    paths = deliver(result, output_dir, force=force)
    report_all(result, wanted)
    show(result, paths, output, quiet=any(not file for _, file in wanted))
    settle(result)
    if result.exit_code:
        raise typer.Exit(result.exit_code)
