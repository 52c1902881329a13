"""Texts as vectors, on the same way as every other call: kept, recorded, limited and counted."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from llmx.core.backends import Backend
from llmx.core.calls import Calls
from llmx.core.events import Answering, Done, Event, Vectors
from llmx.core.line import Line
from llmx.core.messages import Parameters, Request, user
from llmx.core.response import Embedded, embedding

LENGTH = Parameters(max_tokens=0)
"""Vectors are no tokens: what they cost at most is their texts."""


async def embedded(line: Line, calls: Calls, texts: Sequence[str], deadline: float | None, *, keeps: bool) -> Embedded:
    """A vector for each text, of the first in line only: another model's vectors mean something else."""
    request = Request("", tuple(user(text) for text in texts), parameters=LENGTH, deadline=deadline, wants="vectors")
    if calls.replays:
        return await embedding(_told(calls.played(request, *line.wanted)))
    backend, choice = await line.backend(), await line.choice()
    who = Answering(backend.name, choice.model, backend.is_mock, choice.notices)
    asked = replace(request, model=choice.model)
    return await embedding(calls.stream(backend, who, asked, keeps=keeps, ask=lambda asked: _made(backend, asked)))


async def _made(backend: Backend, asked: Request) -> AsyncGenerator[Event]:
    made = await backend.embed([message.text for message in asked.messages], asked.model, asked.deadline)
    yield Vectors(made.vectors)
    yield made.usage
    yield Done("stop", asked.model)


async def _told(events: Sequence[Event]) -> AsyncGenerator[Event]:
    for event in events:
        yield event
