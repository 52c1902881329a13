"""The conversation: one message, or as many as stdin has."""

import logging
import sys
from collections.abc import AsyncIterator
from typing import Any

from llmx.conversations import go_on
from llmx.core.messages import user
from llmx.core.response import gather
from llmx.errors import SchemaError
from llmx.sessions.store import Store
from llmx.templates.builtin.interactive_chat.lines import Lines
from llmx.templates.phases import Context, PhaseError

logger = logging.getLogger("llmx")


async def talk(context: Context) -> dict[str, Any]:
    """Answer the messages, at most ``max_turns`` of them: the replies in order, and the session's name."""
    given, client = context.parameters, context.client
    if client is None:
        raise PhaseError("a conversation needs a model")
    store = Store()
    session = store.open(given["session_id"]) if given["session_id"] else store.create()
    replies = []
    try:
        async for message in _messages(given):
            if given["enable_memory"]:
                events = go_on(client, store, session, user(message), given["system_prompt"])
            else:
                events = client.stream([user(message)], given["system_prompt"])
            response = await gather(events)
            context.count(response)
            if not response.content.strip():
                raise SchemaError("the model answered nothing")
            replies.append({"message": message, "reply": response.content})
            if not given["message"]:
                print(response.content, file=sys.stderr, flush=True)
    finally:
        if session.is_ephemeral:
            store.delete(session.id)
        store.close()
    if not replies:
        raise PhaseError("nothing was said", hint="--param message=…, or lines on stdin")
    return {"reply": replies[-1]["reply"], "replies": replies, "session": given["session_id"] or None}


async def _messages(given: Any) -> AsyncIterator[str]:  # noqa: ANN401  # the parameters
    """The one message, or the lines of stdin that say something, until /quit."""
    if given["message"]:
        yield given["message"]
        return
    lines, left = Lines(), given["max_turns"]
    while left and (line := await lines.next()) is not None and line.strip() != "/quit":
        if line.strip():
            left -= 1
            yield line
    if not left:
        logger.warning("max_turns=%d messages were answered; no more is read", given["max_turns"])
