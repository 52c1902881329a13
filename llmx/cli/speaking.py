"""Print what a model says while it comes: data on stdout, who speaks and why it ended on stderr."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from llmx.cli.notes import note
from llmx.cli.steering import CONTROLS
from llmx.core.backends.errors import RefusedError
from llmx.core.events import Answering, Done, Event, TextDelta
from llmx.core.response import Gathering, Response, sound


async def spoken(events: AsyncGenerator[Event], *, streams: bool) -> Response:
    """Print the answer, piece by piece where it ``streams``, and return it; raises where a filter has ended it."""
    gathering, voice = Gathering(), Voice()
    async with aclosing(events):
        async for event in events:
            gathering.add(event)
            if isinstance(event, TextDelta) and streams:
                voice.say(event.text)
            elif isinstance(event, Answering):
                tell(event)
            elif isinstance(event, Done):
                voice.end()  # before what may be told of the call
    response = gathering.response()
    if not streams:
        voice.say(response.content)
    voice.end()
    return judged(response)


async def heard(events: AsyncGenerator[Event]) -> Response:
    """The whole answer, and on stderr who speaks."""
    gathering = Gathering()
    async with aclosing(events):
        async for event in events:
            gathering.add(event)
            if isinstance(event, Answering):
                tell(event)
    return judged(gathering.response())


def tell(who: Answering) -> None:
    """What must be known about who answers; that it is a mock is told in any case."""
    if who.mock:
        print("note: a mock answers; no model is asked", file=sys.stderr)
    for text in who.notices:
        print(f"warning: {text}", file=sys.stderr)


def judged(response: Response) -> Response:
    """Raise for an answer that a filter has ended, and tell of one that is cut."""
    if response.finish_reason == "content_filter":
        raise RefusedError(
            f"{response.backend}, model {response.model}: a filter has ended the answer",
            hint="another model may answer: llmx backend list",
        )
    if response.finish_reason == "length":
        note("the answer was cut for its length; more --max-tokens, or a larger context, gives it room")
    return response


class Voice:
    """Writes text that comes in pieces; for a terminal without what could steer it."""

    def __init__(self) -> None:
        self._steers = sys.stdout.isatty()
        self._held = ""
        self._last = "\n"

    def say(self, text: str) -> None:
        """Write more; half of a character waits for its other half."""
        text = self._held + text
        self._held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._write(text.removesuffix(self._held))

    def end(self) -> None:
        """Write the rest, and a last newline where there is none."""
        self._write(self._held)
        self._held = ""
        self._write("" if self._last == "\n" else "\n")

    def _write(self, text: str) -> None:
        text = sound(text.translate(CONTROLS) if self._steers else text)
        if text:
            self._last = text[-1]
            sys.stdout.write(text)
            sys.stdout.flush()
