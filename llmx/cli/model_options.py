"""The options that every command which asks a model has, and the client they mean."""

import os
from typing import Annotated

import typer

from llmx.cli.notes import note
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.quantities import parse_duration
from llmx.core.settings import active
from llmx.errors import UsageError

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", metavar="REF", help="The model, such as ollama/qwen2.5:1.5b.")
]
BackendOption = Annotated[
    str | None, typer.Option("--backend", "-b", metavar="NAME", help="The backend or endpoint; `llmx backend list`.")
]
ApiBaseOption = Annotated[
    str | None, typer.Option("--api-base", metavar="URL", help="The base URL of the endpoint, in place of its own.")
]
TemperatureOption = Annotated[
    float | None, typer.Option("--temperature", metavar="T", help="0 to 2; unset = the model's own.")
]
TopPOption = Annotated[float | None, typer.Option("--top-p", metavar="P", help="Nucleus sampling, 0 to 1.")]
MaxTokensOption = Annotated[
    int | None, typer.Option("--max-tokens", metavar="N", help="How long the answer may be; 512 where nothing is set.")
]
TimeoutOption = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="How long it may take, such as 90s or 2m; 0 = no limit.")
]


def client(ctx: typer.Context, given: LLMConfig, *, allows_demo: bool = False) -> LLMClient:
    """The client for what was given on the command line, over the settings in force."""
    root = ctx.find_root().params
    settings = active(os.environ, os.getcwd(), file=root.get("config"), profile=root.get("profile"))
    for text in settings.notices:
        note(text)
    return LLMClient(given, settings=settings, allows_demo=allows_demo)


def seconds(text: str | None) -> float | None:
    """The time that ``--timeout`` means."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}", hint="for example --timeout 90s or 2m") from None
