"""The conversation: one message, or as many as stdin has."""

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
    told = replies[-1]["reply"]
    return {
        "reply": told,
        "text": told if given["message"] else "",
        "replies": replies,
        "session": given["session_id"] or None,
    }


async def _messages(given: Any) -> AsyncIterator[str]:  # noqa: ANN401  # the parameters
    """The one message, or the lines of stdin until /quit."""
    if given["message"]:
        yield given["message"]
        return
    lines = Lines()
    for _ in range(given["max_turns"]):
        line = await lines.next()
        if not line or line == "/quit":
            return
        yield line
