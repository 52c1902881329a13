"""Conversations: a model is asked with all that was said before, and what it says is kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from llmx.core.client import LLMClient
from llmx.core.events import Event
from llmx.core.messages import Message, system
from llmx.core.response import Gathering
from llmx.sessions import Session
from llmx.sessions.store import Store


async def go_on(
    client: LLMClient,
    store: Store,
    session: Session,
    message: Message,
    system_prompt: str = "",
    **options: Any,  # noqa: ANN401  # those of ``LLMClient.stream``
) -> AsyncGenerator[Event]:
    """The answer to ``message`` in a session, piece by piece; both are kept, the question before it is sent.

    A question without an answer is taken back, unless this process is killed. ``system_prompt`` becomes the session's
    where that is new, and else stands in for the session's own this once.
    """
    history = [turn.message for turn in store.turns(session.id)]
    if system_prompt and not history:
        store.append(session.id, system(system_prompt))
    if system_prompt:
        history = [system(system_prompt), *(each for each in history if each.role != "system")]
    asked = store.append(session.id, message)
    gathering = Gathering()
    try:
        async with aclosing(client.stream([*history, message], **options)) as events:
            async for event in events:
                gathering.add(event)
                yield event
    except BaseException:
        store.take_back(session.id, asked)
        raise
    answer = gathering.response()
    store.append(session.id, answer.message, model=answer.model, usage=answer.usage)
