"""``llmx agent run``: one prompt as an agent, once or on a schedule."""

import sys

import typer

from llmx.cli.agent_options import as_agent
from llmx.cli.model_client import NOBODY, Asker
from llmx.cli.model_options import ModelOptions, seconds
from llmx.cli.output import Output
from llmx.cli.prompts import text_of
from llmx.cli.speaking import heard, spoken
from llmx.conversations.scheduler import AgentScheduler, Outcome
from llmx.conversations.working_agent import PromptAgent
from llmx.core.blocking import run as blocking
from llmx.core.client import LLMClient
from llmx.core.jsonline import dumps
from llmx.core.response import Response, sound
from llmx.errors import LlmxError, render


def run(ctx: typer.Context, agent_id: str, prompt: str, given: ModelOptions, *, every: str, output: Output) -> None:
    """Print what the agent answers; on a schedule, what it fails with is told and the next turn comes."""
    config, system = as_agent(agent_id, given.config)
    asked, text = Asker(ctx, given, NOBODY._replace(agent=agent_id)).client(config), text_of(prompt)
    if every:
        blocking(lambda: again(PromptAgent(asked, agent_id, text, system), seconds(every) or 0.0, output))
        return
    response: Response = blocking(lambda: once(asked, text, system, output))
    if output == Output.json:
        print(dumps(response.as_dict()))


async def once(asked: LLMClient, prompt: str, system: str, output: Output) -> Response:
    """The answer, printed while it comes where it is to be text."""
    events = asked.stream(prompt, system or None)
    return await (heard(events) if output == Output.json else spoken(events, streams=True))


async def again(agent: PromptAgent, interval: float, output: Output) -> None:
    """A turn, a pause, a turn, until Ctrl-C."""
    scheduler = AgentScheduler(agents=[agent], interval=interval, told=lambda outcome: tell(outcome, output))
    await scheduler.start()
    try:
        await scheduler.wait()
    finally:
        await scheduler.stop()


def tell(outcome: Outcome, output: Output) -> None:
    """Print one turn's answer, or tell what went wrong; what is a defect of ours goes on as it is."""
    if outcome.error is not None:
        if not isinstance(outcome.error, LlmxError):
            raise outcome.error
        print(render(outcome.error), file=sys.stderr, flush=True)
    elif output == Output.json:
        print(dumps(outcome.result.as_dict()), flush=True)
    else:
        print(sound(outcome.result.content), flush=True)
