"""``llmx model``: the models of this machine. Each word below is a module of its own, imported when it is run."""

import typer

from llmx.cli.lazy import LazyGroup, Member

GET, LOOK, RUN = "Get", "Look", "Run"


class ModelGroup(LazyGroup):
    """The words behind ``llmx model``, in the order in which help shows them."""

    members = {  # noqa: RUF012  # see LazyGroup
        "pull": Member("llmx.cli.model_pull:app", "Fetch a model, or go on with one that was begun.", GET),
        "remove": Member("llmx.cli.model_remove:app", "Remove a model that llmx has fetched.", GET),
        "available": Member("llmx.cli.model_available:app", "List models worth a try and whether they fit.", GET),
        "install": Member("llmx.cli.model_install:app", "Print the commands that install a backend.", GET),
        "list": Member("llmx.cli.model_list:app", "List the models of this machine, whoever fetched them.", LOOK),
        "info": Member("llmx.cli.model_info:app", "Show what a model file is and whether it fits this machine.", LOOK),
        "presets": Member("llmx.cli.model_presets:app", "List models by size, and whether they fit.", LOOK),
        "load": Member("llmx.cli.model_load:app", "Load a model and keep it warm.", RUN),
        "unload": Member("llmx.cli.model_unload:app", "Give a loaded model's memory back.", RUN),
        "status": Member("llmx.cli.model_status:app", "Show what can run models here, and what is loaded.", RUN),
        "bench": Member("llmx.cli.model_bench:app", "Measure how fast a model answers here.", RUN),
        "stats": Member("llmx.cli.model_stats:app", "Show what loaded models use and how fast they are.", RUN),
    }


app = typer.Typer(cls=ModelGroup, add_completion=False, no_args_is_help=True, help="Get, look at and load models.")


@app.callback()
def model() -> None:
    """Get, look at and load models."""
