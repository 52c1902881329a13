"""A conversation that goes on as long as someone asks: in memory, or in a session that is kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from llmx.core.client import LLMClient
from llmx.core.events import Event, Usage
from llmx.core.messages import Message, system
from llmx.core.plugins import load
from llmx.core.response import Gathering


class Conversation:
    """What has been said so far. A turn that fails or is stopped leaves nothing behind."""

    def __init__(
        self, client: LLMClient, system_prompt: str = "", *, session: str = "", truncate: bool = False
    ) -> None:
        self.client = client
        self.system_prompt = system_prompt
        self.session = session
        self.turns: list[Message] = []
        self.used = Usage(0, 0)
        self._truncate = truncate

    async def say(self, message: Message) -> AsyncGenerator[Event]:
        """The answer to ``message`` after all that was said before, piece by piece."""
        gathering = Gathering()
        async with aclosing(self._events(message)) as events:
            async for event in events:
                gathering.add(event)
                yield event
        response = gathering.response()
        if not self.session:
            self.turns += [message, response.message]
        counts = zip(self.used[:2], response.usage[:2], strict=True)
        self.used = Usage(*((before or 0) + (now or 0) for before, now in counts))

    def clear(self) -> None:
        """Forget what was said."""
        self.turns.clear()

    def _events(self, message: Message) -> AsyncGenerator[Event]:
        options: dict[str, Any] = {"truncate": self._truncate}
        if not self.session:
            before = [system(self.system_prompt)] if self.system_prompt else []
            return self.client.stream([*before, *self.turns, message], **options)
        store = load("llmx.sessions.store:Store")()
        events: AsyncGenerator[Event] = load("llmx.conversations:go_on")(
            self.client, store, store.open(self.session), message, self.system_prompt, **options
        )
        return events
