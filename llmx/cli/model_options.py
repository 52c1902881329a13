"""The options that every command which asks a model has, and the client they mean."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from llmx.cli.notes import note
from llmx.core.calls import PLAIN as PLAIN_CALLS
from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.quantities import parse_duration
from llmx.core.settings import Settings, active
from llmx.core.usage.projects import project_of
from llmx.errors import UsageError

AgentOption = Annotated[
    str, typer.Option("--agent", "-a", metavar="ID", help="Ask as this agent does; `llmx agent list`.")
]
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
CacheOption = Annotated[
    bool | None,
    typer.Option("--cache/--no-cache", help="Keep the answer and give it again; unset = at temperature 0."),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Ask again, also where an answer is kept.")]
RecordOption = Annotated[
    str, typer.Option("--record", metavar="FILE", help="Write the calls to FILE, to be played again.")
]
ReplayOption = Annotated[
    str, typer.Option("--replay", metavar="FILE", help="Take the answers from FILE; no model is asked, no key needed.")
]
MaxCostOption = Annotated[
    float | None, typer.Option("--max-cost", min=0, metavar="USD", help="What all calls may cost at most together.")
]
MaxTokensTotalOption = Annotated[
    int | None,
    typer.Option("--max-tokens-total", min=0, metavar="N", help="Tokens that all calls may use at most together."),
]
SessionOption = Annotated[
    str, typer.Option("--session", metavar="NAME", help="Go on with this conversation, or begin it; it is kept.")
]
TruncateOption = Annotated[
    bool, typer.Option("--truncate", help="Cut a prompt that does not fit in its middle, and say so.")
]
KeepAliveOption = Annotated[
    str,
    typer.Option("--keep-alive", metavar="TIME", help="Keep a model that runs here loaded for so long, such as 5m."),
]
TimeoutOption = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="How long it may take, such as 90s or 2m; 0 = no limit.")
]


class Keeping(NamedTuple):
    """What was given on the command line about keeping and limiting calls."""

    cache: bool | None = None
    fresh: bool = False
    record: str = ""
    replay: str = ""
    max_cost: float | None = None
    max_tokens: int | None = None
    session: str = ""
    agent: str = ""
    keep_alive: str = ""
    template: str = ""


PLAIN = Keeping()


def client(ctx: typer.Context, given: LLMConfig, *, keeping: Keeping = PLAIN, allows_demo: bool = False) -> LLMClient:
    """The client for what was given on the command line, over the settings in force."""
    settings = settings_of(ctx)
    if keeping.keep_alive:
        settings.values["gguf.keep_alive"] = _seconds_of(keeping.keep_alive)
    given = replace(given, enable_cache=_keeps_answers(given.over(settings.values), keeping))
    calls = _calls(settings.values, given.over(settings.values).cache_dir, keeping)
    return LLMClient(given, settings=settings, allows_demo=allows_demo, calls=calls)


def _keeps_answers(config: LLMConfig, keeping: Keeping) -> bool:
    """Whether answers are kept: as said, else at temperature 0, where a model says the same each time."""
    if keeping.cache is not None:
        return keeping.cache
    return bool(config.enable_cache) and config.temperature == 0


def _calls(settings: Mapping[str, object], cache_dir: str | None, keeping: Keeping) -> Calls:
    project = project_of(os.getcwd())
    options = CallOptions(
        PLAIN_CALLS.caller._replace(
            project=project, agent=keeping.agent, template=keeping.template, session=keeping.session
        ),
        fresh=keeping.fresh,
        record=keeping.record,
        replay=keeping.replay,
        max_cost=keeping.max_cost,
        max_tokens=keeping.max_tokens,
    )
    return Calls(settings, options, cache_dir=cache_dir)


def _seconds_of(keep_alive: str) -> float:
    try:
        return parse_duration(keep_alive)
    except ValueError as error:
        raise UsageError(f"--keep-alive: {error}", hint="for example --keep-alive 5m") from None


def settings_of(ctx: typer.Context) -> Settings:
    """The settings in force here, with what is to be said about them told."""
    root = ctx.find_root().params
    settings = active(os.environ, os.getcwd(), file=root.get("config"), profile=root.get("profile"))
    for text in settings.notices:
        note(text)
    return settings


def seconds(text: str | None) -> float | None:
    """The time that ``--timeout`` means."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}", hint="for example --timeout 90s or 2m") from None
