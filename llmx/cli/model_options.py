"""The options that every command which asks a model has: declared once, and added to a command by ``asks_a_model``."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from llmx.core.llm_config import LLMConfig
from llmx.core.quantities import parse_duration
from llmx.errors import UsageError

AgentOption = Annotated[
    str, typer.Option("--agent", "-a", metavar="ID", help="Ask as this agent does; `llmx agent list`.")
]
ApiBaseOption = Annotated[
    str | None, typer.Option("--api-base", metavar="URL", help="The base URL of the endpoint, in place of its own.")
]
SessionOption = Annotated[
    str, typer.Option("--session", metavar="NAME", help="Go on with this conversation, or begin it; it is kept.")
]
TimeoutOption = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="How long it may take, such as 90s or 2m; 0 = no limit.")
]
TruncateOption = Annotated[
    bool, typer.Option("--truncate", help="Cut a prompt that does not fit in its middle, and say so.")
]


class ModelOptions(NamedTuple):
    """What was given on the command line about who is asked, how, and what is kept of it."""

    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="REF", help="The model, such as ollama/qwen2.5:1.5b.")
    ] = None
    backend: Annotated[
        str | None,
        typer.Option("--backend", "-b", metavar="NAME", help="The backend or endpoint; `llmx backend list`."),
    ] = None
    api_base: ApiBaseOption = None
    temperature: Annotated[
        float | None, typer.Option("--temperature", metavar="T", help="0 to 2; unset = the model's own.")
    ] = None
    top_p: Annotated[float | None, typer.Option("--top-p", metavar="P", help="Nucleus sampling, 0 to 1.")] = None
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", metavar="N", help="How long the answer may be; unset = 512, an agent's 4096."),
    ] = None
    timeout: TimeoutOption = None
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache", help="Keep the answer and give it again; unset = at temperature 0, and vectors."
        ),
    ] = None
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again, also where an answer is kept.")] = False
    record: Annotated[
        str, typer.Option("--record", metavar="FILE", help="Write the calls to FILE, to be played again.")
    ] = ""
    replay: Annotated[
        str,
        typer.Option("--replay", metavar="FILE", help="Take the answers from FILE; no model is asked, no key needed."),
    ] = ""
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, metavar="USD", help="What all calls may cost at most together.")
    ] = None
    max_tokens_total: Annotated[
        int | None,
        typer.Option("--max-tokens-total", min=0, metavar="N", help="Tokens that all calls may use at most together."),
    ] = None
    keep_alive: Annotated[
        str,
        typer.Option(
            "--keep-alive", metavar="TIME", help="Keep a model that runs here loaded for so long, such as 5m."
        ),
    ] = ""

    @property
    def config(self) -> LLMConfig:
        """Who is asked, and how."""
        return LLMConfig(
            backend=self.backend,
            model=self.model,
            api_base=self.api_base,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            timeout=seconds(self.timeout),
        )


BUDGET = ("max_cost", "max_tokens_total")
CASSETTE = ("record", "replay")
SAMPLING = ("temperature", "top_p", "max_tokens")
"""What only answers in words have."""

Command = Callable[..., None]


def all_but(*names: str) -> tuple[str, ...]:
    """The names of the other options."""
    return tuple(name for name in ModelOptions._fields if name not in names)


def asks_a_model(names: tuple[str, ...] = ModelOptions._fields) -> Callable[[Command], Command]:
    """Give a command these options in place of its parameter ``given``."""
    return takes(ModelOptions, "given", names)


def takes(kind: Any, name: str, names: tuple[str, ...]) -> Callable[[Command], Command]:  # noqa: ANN401  # a NamedTuple
    """Give a command the options that fields of ``kind`` declare, in place of its parameter ``name``."""
    hints = get_type_hints(kind, include_extras=True)
    options = [
        Parameter(each, Parameter.KEYWORD_ONLY, default=kind._field_defaults[each], annotation=hints[each])
        for each in names
    ]

    def with_options(function: Command) -> Command:
        own = signature(function)
        parts = [[part] if part.name != name else options for part in own.parameters.values()]
        parameters = [parameter for part in parts for parameter in part]

        @wraps(function)
        def command(*args: Any, **values: Any) -> None:  # noqa: ANN401  # as Typer parses them
            values[name] = kind(**{each: values.pop(each) for each in names if each in values})
            function(*args, **values)

        command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return with_options


def seconds(text: str | None) -> float | None:
    """The time that ``--timeout`` means."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}", hint="for example --timeout 90s or 2m") from None
