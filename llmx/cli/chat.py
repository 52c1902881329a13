"""``llmx chat``: a conversation with a model."""

from typing import Annotated

import typer

from llmx.cli.model_options import (
    AgentOption,
    ApiBaseOption,
    BackendOption,
    CacheOption,
    Keeping,
    MaxCostOption,
    MaxTokensOption,
    MaxTokensTotalOption,
    ModelOption,
    SessionOption,
    TemperatureOption,
    TimeoutOption,
    TopPOption,
    TruncateOption,
    client,
    seconds,
)
from llmx.cli.prompts import text_of
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.plugins import load

app = typer.Typer(add_completion=False)


@app.command()
def chat(
    ctx: typer.Context,
    *,
    system: Annotated[str, typer.Option("--system", "-s", metavar="TEXT", help="What the model is to be.")] = "",
    agent: AgentOption = "",
    model: ModelOption = None,
    backend: BackendOption = None,
    api_base: ApiBaseOption = None,
    temperature: TemperatureOption = None,
    top_p: TopPOption = None,
    max_tokens: MaxTokensOption = None,
    timeout: TimeoutOption = None,
    truncate: TruncateOption = False,
    session: SessionOption = "",
    cache: CacheOption = None,
    max_cost: MaxCostOption = None,
    max_tokens_total: MaxTokensTotalOption = None,
    markdown: Annotated[bool, typer.Option("--markdown/--plain", help="Set Markdown on a terminal.")] = True,
) -> None:
    """Talk with a model: one line is one message, /help lists the commands, Ctrl-D leaves.

    For example: llmx chat --model groq/llama-3.1-8b-instant --session work
    """
    config = LLMConfig(
        backend=backend,
        model=model,
        api_base=api_base,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        timeout=seconds(timeout),
    )
    config, own = load("llmx.cli.agent_options:as_agent")(agent, config) if agent else (config, "")
    keeping = Keeping(cache, max_cost=max_cost, max_tokens=max_tokens_total, session=session, agent=agent)

    def make(other: str) -> LLMClient:
        named = LLMConfig(**{**vars(config), "backend": None, "api_base": None, "model": other}) if other else config
        return client(ctx, named, keeping=keeping, allows_demo=not agent)

    conversation = load("llmx.conversations.chat:Conversation")(
        make(""), text_of(system) if system else own, session=session, truncate=truncate
    )
    load("llmx.cli.chatting:Chat")(conversation, make, sets_markdown=markdown).run()
