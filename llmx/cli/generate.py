"""``llmx generate``: one prompt, one answer."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import AgentOption, ModelOptions, SessionOption, TruncateOption, asks_a_model
from llmx.cli.output import Output, OutputOption
from llmx.cli.prompts import images_of, schema_of, text_of
from llmx.cli.speaking import heard, spoken
from llmx.core.client import LLMClient
from llmx.core.events import Event
from llmx.core.jsonline import dumps
from llmx.core.messages import Message, user
from llmx.core.plugins import load
from llmx.core.response import Response

app = typer.Typer(add_completion=False)


@app.command()
@asks_a_model()
def generate(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The prompt; - reads stdin, @file a file.")],
    *,
    system: Annotated[str, typer.Option("--system", "-s", metavar="TEXT", help="What the model is to be.")] = "",
    image: Annotated[list[str] | None, typer.Option("--image", metavar="FILE", help="A picture to look at.")] = None,
    agent: AgentOption = "",
    schema: Annotated[
        str, typer.Option("--schema", metavar="FILE", help="The answer must be JSON that fits this JSON Schema.")
    ] = "",
    truncate: TruncateOption = False,
    given: ModelOptions,
    session: SessionOption = "",
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Print the answer while it comes.")] = True,
    output: OutputOption = Output.text,
) -> None:
    """Ask a model one question and print its answer.

    For example: llmx generate --model ollama/qwen2.5:1.5b --system "Be brief." @question.txt
    """
    config, own = load("llmx.cli.agent_options:as_agent")(agent, given.config) if agent else (given.config, "")
    asked = Asker(ctx, given, NOBODY._replace(agent=agent, session=session)).client(config, allows_demo=not agent)
    question = Question(user(text_of(prompt), images_of(image or ())), text_of(system) if system else own, session)
    options = {"schema": schema_of(schema) if schema else None, "truncate": truncate}
    is_json = output == Output.json
    response: Response = load("llmx.core.blocking:run")(
        lambda: answer(question.events(asked, options), is_json=is_json, streams=stream)
    )
    if is_json:
        print(dumps({**response.as_dict(), **({"data": json.loads(response.content)} if schema else {})}))


class Question(NamedTuple):
    """What is asked, and the name of the session that it belongs to; empty where it stands alone."""

    message: Message
    system: str
    session: str

    def events(self, asked: LLMClient, options: Mapping[str, Any]) -> AsyncGenerator[Event]:
        """The answer, kept where it is one of a session."""
        if not self.session:
            return asked.stream([self.message], self.system, **options)
        store = load("llmx.sessions.store:Store")()
        events: AsyncGenerator[Event] = load("llmx.conversations:go_on")(
            asked, store, store.open(self.session), self.message, self.system, **options
        )
        return events


async def answer(events: AsyncGenerator[Event], *, is_json: bool, streams: bool) -> Response:
    """The answer, printed where it is to be text."""
    return await (heard(events) if is_json else spoken(events, streams=streams))
