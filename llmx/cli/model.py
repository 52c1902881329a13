"""``llmx model``: the models of this machine. Each word below is a module of its own, imported when it is run."""

import typer

from llmx.cli.lazy import LazyGroup, Member

LOOK = "Look"


class ModelGroup(LazyGroup):
    """The words behind ``llmx model``, in the order in which help shows them."""

    members = {  # noqa: RUF012  # see LazyGroup
        "info": Member("llmx.cli.model_info:app", "Show what a model file is and whether it fits this machine.", LOOK),
    }


app = typer.Typer(cls=ModelGroup, add_completion=False, no_args_is_help=True, help="Get, look at and load models.")


@app.callback()
def model() -> None:
    """Get, look at and load models."""
