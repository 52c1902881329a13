"""``llmx chat``: a conversation with a model."""

from typing import Annotated

import typer

from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import AgentOption, ModelOptions, SessionOption, TruncateOption, asks_a_model
from llmx.cli.prompts import text_of
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.plugins import load

app = typer.Typer(add_completion=False)


@app.command()
@asks_a_model()
def chat(
    ctx: typer.Context,
    *,
    system: Annotated[str, typer.Option("--system", "-s", metavar="TEXT", help="What the model is to be.")] = "",
    agent: AgentOption = "",
    given: ModelOptions,
    truncate: TruncateOption = False,
    session: SessionOption = "",
    markdown: Annotated[bool, typer.Option("--markdown/--plain", help="Set Markdown on a terminal.")] = True,
) -> None:
    """Talk with a model: one line is one message, /help lists the commands, Ctrl-D leaves.

    For example: llmx chat --model groq/llama-3.1-8b-instant --session work
    """
    config, own = load("llmx.cli.agent_options:as_agent")(agent, given.config) if agent else (given.config, "")
    asker = Asker(ctx, given, NOBODY._replace(agent=agent, session=session))

    def make(other: str) -> LLMClient:
        named = LLMConfig(**{**vars(config), "backend": None, "api_base": None, "model": other}) if other else config
        return asker.client(named, allows_demo=not agent)

    conversation = load("llmx.conversations.chat:Conversation")(
        make(""), text_of(system) if system else own, session=session, truncate=truncate
    )
    load("llmx.cli.chatting:Chat")(conversation, make, sets_markdown=markdown).run()
