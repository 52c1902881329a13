"""``llmx template estimate``: what a run will about take, before anything is sent."""

from typing import Annotated, Any

import typer

from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import ModelOptions, asks_a_model
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.template_options import HowOptions, ParamOption, ParamsFileOption, runs_a_template
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.templates.estimating import estimate as estimate_run
from llmx.templates.parameters import values
from llmx.templates.sources import find

app = typer.Typer(add_completion=False)


@app.command("estimate")
@asks_a_model(("model", "backend", "api_base"))
@runs_a_template(("diff", "staged"))
def estimate(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A template's id, or a folder with one.")],
    *,
    param: ParamOption = None,
    params_file: ParamsFileOption = "",
    how: HowOptions,
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Say about how many tokens, dollars and seconds a run takes, and how sure that is. Nothing is sent."""
    template = find(name)
    chosen = values(template, param or (), params_file)
    options = how.options(template)
    asked = Asker(ctx, given, NOBODY._replace(template=template.id)).client(given.config)
    found: dict[str, Any] = load("llmx.core.blocking:run")(lambda: estimate_run(template, chosen, asked, options))
    if output == Output.json:
        print(dumps(found))
        return
    if found["tokens"] is None:
        print(f"not known: {'; '.join(shown(why) for why in found['unknown'])}")
        return
    told = f"{found['prompt_tokens']} in prompts, {found['answer_tokens']} in answers"
    print(f"tokens      about {found['tokens']}: {told}")
    print(f"cost        {_shown(found['cost_usd'], '$', 1)}")
    print(f"at most     {_shown(found['ceiling_usd'], '$', 1)}")
    print(f"duration    {_shown(found['duration_ms'], '', 1000)}{' s' if found['duration_ms'] is not None else ''}")
    if found["model"] is None:
        note("no model is configured, so no price is known; --model PROVIDER/NAME")
    print(f"confidence  {found['confidence']:g} (0 to 1; by {found['basis']})")


def _shown(value: float | None, sign: str, divisor: float) -> str:
    return "not known" if value is None else f"{sign}{value / divisor:.6g}"
