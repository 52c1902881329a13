"""``llmx template``: work in phases. Each word below is a module of its own, imported when it is run."""

import typer

from llmx.cli.lazy import LazyGroup, Member

LOOK, RUN, MAKE = "Look", "Run", "Make"


class TemplateGroup(LazyGroup):
    """The words behind ``llmx template``, in the order in which help shows them."""

    members = {  # noqa: RUF012  # see LazyGroup
        "list": Member("llmx.cli.template_list:app", "List the templates.", LOOK),
        "info": Member("llmx.cli.template_info:app", "Show what a template does and takes.", LOOK),
        "search": Member("llmx.cli.template_search:app", "Find templates by words.", LOOK),
        "schema": Member("llmx.cli.template_schema:app", "Print the JSON Schema of a template's parameters.", LOOK),
        "exec": Member("llmx.cli.template_exec:app", "Run a template.", RUN),
        "batch": Member("llmx.cli.template_batch:app", "Run a template over many inputs.", RUN),
        "estimate": Member("llmx.cli.template_estimate:app", "Say what a run of a template will about take.", RUN),
        "new": Member("llmx.cli.template_new:app", "Begin a template of your own.", MAKE),
        "import": Member("llmx.cli.template_import:app", "Make a template out of a prompt file or a skill.", MAKE),
        "test": Member("llmx.cli.template_test:app", "Run the golden cases of templates.", MAKE),
    }


HELP = "Do work in phases: reviews, chats and your own."

app = typer.Typer(cls=TemplateGroup, add_completion=False, no_args_is_help=True, help=HELP)


@app.callback()
def template() -> None:
    """Do work in phases: reviews, chats and your own."""
