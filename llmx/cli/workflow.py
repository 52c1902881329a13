"""``llmx workflow``: run a file of steps, or only look whether it could run."""

import json
from typing import Annotated

import typer

from llmx.cli import template_options as o
from llmx.cli.model_options import ModelOptions, all_but, asks_a_model
from llmx.cli.output import Output, OutputOption
from llmx.cli.prompts import text_of
from llmx.cli.template_exec import execute
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.errors import UsageError
from llmx.templates.builtin.workflow_orchestrator import within
from llmx.templates.builtin.workflow_orchestrator.building import Overrides
from llmx.templates.builtin.workflow_orchestrator.phases import checked_workflow
from llmx.templates.builtin.workflow_orchestrator.reading import read_document

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Run steps that ask models and run commands.")

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A workflow, YAML or TOML.")]
JUDGING = ("fail_on", "min_coverage", "resume")
ASKING = all_but("top_p", "max_tokens")


@app.command()
@asks_a_model(ASKING)
@o.runs_a_template(JUDGING)
def run(
    ctx: typer.Context,
    file: FileArgument,
    *,
    input_: Annotated[
        list[str] | None, typer.Option("--input", metavar="K=V", help="What $$.K stands for; K=@file reads a file.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", metavar="NAME", help="sequential, parallel, conditional or loop; else the file's.")
    ] = "",
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", min=1, max=100, metavar="N", help="How many steps may be done.")
    ] = None,
    output_dir: o.OutputDirOption = "",
    force: o.ForceOption = False,
    report: o.ReportOption = None,
    how: o.HowOptions,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Run a workflow: the template workflow-orchestrator on FILE. All of it is checked before any step runs."""
    pairs = _pairs(input_ or [])
    checked_workflow(read_document(file), Overrides(mode or None, max_steps, pairs or None))  # said line by line
    chosen = {"execution_mode": mode, "max_steps": max_steps}
    words = [f"workflow_file={file}", f"input={json.dumps(pairs)}"]
    words += [f"{name}={value}" for name, value in chosen.items() if value]
    execute(
        ctx,
        "workflow-orchestrator",
        param=words,
        output_dir=output_dir,
        force=force,
        report=report,
        output=output,
        **{name: getattr(how, name) for name in JUDGING},
        **{name: getattr(given, name) for name in ASKING},
    )


@app.command()
def validate(file: FileArgument, output: OutputOption = Output.text) -> None:
    """Say what is wrong with a workflow, with the lines (exit 2), or that it can run. Nothing is run."""
    workflow = checked_workflow(read_document(file))
    steps = [step for step in within(workflow.root) if step.id]
    if output == Output.json:
        told = {
            "file": file,
            "name": workflow.name,
            "mode": workflow.root.mode,
            "max_steps": workflow.max_steps,
            "timeout": workflow.timeout,
            "steps": [{"id": step.id, "kind": step.kind} for step in steps],
        }
        print(dumps(told))
        return
    print(f"{shown(file)}: nothing is wrong; its steps: {', '.join(step.id for step in steps)}")


def _pairs(words: list[str]) -> dict[str, str]:
    """What ``--input`` gives: texts, by their names."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise UsageError(f"--input: {word!r} is no NAME=VALUE", hint="--input topic=bread")
        found[name] = text_of(text)
    return found
