"""The most that one message asks; nobody knows what will be said on stdin."""

from contextlib import closing

from llmx.core.messages import Message, system, user
from llmx.core.response import gather
from llmx.errors import NotFoundError
from llmx.sessions.store import Store
from llmx.templates.phases import Context
from llmx.templates.placeholders import PlanEndError


async def talk(context: Context) -> None:
    """Ask the message behind the session's history, where it has one."""
    given, client = context.parameters, context.client
    assert client is not None
    if not given["message"]:
        raise PlanEndError("what is said on stdin is not known before")
    history = _history(given["session_id"]) if given["session_id"] and given["enable_memory"] else []
    if given["system_prompt"]:
        history = [system(given["system_prompt"]), *(each for each in history if each.role != "system")]
    await gather(client.stream([*history, user(given["message"])]))


def _history(name: str) -> list[Message]:
    with closing(Store()) as store:
        try:
            return [turn.message for turn in store.turns(store.find(name).id)]
        except NotFoundError:
            return []
