"""One question on its way: who is asked in turn, what is left out of the prompt, and what must be said of either."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple

from llmx.core.backends import Backend
from llmx.core.backends.errors import BackendError, ContextOverflowError, ModelNotFoundError, UnavailableError
from llmx.core.calls import Calls
from llmx.core.choice import Choice
from llmx.core.events import Answering, Event
from llmx.core.giving_way import given_way, with_room
from llmx.core.line import Line
from llmx.core.messages import Request
from llmx.core.plugins import load
from llmx.core.truncation import shortened, size_of

SLACK = 64
"""Bytes that are left out beyond what the numbers ask for, so that each try asks for less than the one before."""


class Ways(NamedTuple):
    """How a question may go: who is asked, what is kept and counted, and whether the prompt may be cut."""

    line: Line
    calls: Calls
    keeps: bool
    truncates: bool = False


class Asking:
    """Asks the first in line; another, or with less of the prompt, only where no event has come before."""

    def __init__(self, ways: Ways, request: Request) -> None:
        self._ways = ways
        self._line = ways.line
        self._whole = self._request = request
        self._at = self._excess = 0
        self._moved: tuple[str, ...] = ()
        self._left_out: tuple[str, ...] = ()

    async def events(self) -> AsyncGenerator[Event]:
        """The answer, the first piece of which says who answers."""
        calls = self._ways.calls
        if calls.replays:
            for event in self._played():
                yield event
            return
        while True:
            has_begun = False
            try:
                backend = await self._line.backend(self._at)
                who = self._who(backend, await self._line.choice(self._at))
                asked = replace(self._request, model=who.model)
                async with aclosing(calls.stream(backend, who, asked, keeps=self._ways.keeps)) as events:
                    async for event in events:
                        has_begun = True
                        yield event
                return
            except BackendError as error:
                if has_begun:
                    raise
                await self._go_on(error)

    def _played(self) -> list[Event]:
        """The answer on the cassette, which also holds what was refused before."""
        while True:
            try:
                return self._ways.calls.played(self._request, *self._line.wanted)
            except BackendError as error:
                if not self._asks_less(error):
                    raise

    def _who(self, backend: Backend, choice: Choice) -> Answering:
        notices = (*choice.notices, *self._moved, *self._left_out)
        return Answering(backend.name, choice.model, backend.is_mock, notices, demo=choice.is_demo)

    async def _go_on(self, error: BackendError) -> None:
        """Change what is asked, or who; raises ``error`` where neither is allowed or helps."""
        if self._asks_less(error):
            return
        match error:
            case UnavailableError() if self._at < self._line.last:
                before = await self._line.choice(self._at)
                self._at += 1
                following = await self._line.choice(self._at)
                load("llmx.core.client_trace:unavailable")(error)
                notice = f"{before.backend} is not available; {following.backend} is asked instead"
                self._moved = (*self._moved, notice)
            case UnavailableError() | ModelNotFoundError():
                doubt = (await self._line.choice(self._at)).doubt
                error.hint = f"{doubt} {error.hint}" if doubt else error.hint
                raise error
            case _:
                raise error

    def _asks_less(self, error: BackendError) -> bool:
        """Whether there is something to leave out of the request after that error; if so, it is gone."""
        if given := given_way(self._request, error):
            self._request = given
            return True
        if isinstance(error, ContextOverflowError) and self._ways.truncates:
            self._shorten(error)
            return True
        return False

    def _shorten(self, error: ContextOverflowError) -> None:
        """Leave out as much as the error's numbers ask for, half of the prompt where it has none."""
        size = size_of(self._request.messages)
        excess = size // 2
        if error.prompt_tokens and error.context:
            self._request = with_room(self._request, error.context)
            room = error.context - (self._request.parameters.max_tokens or 0)
            excess = size - size * max(0, room) // error.prompt_tokens
        self._excess += excess + SLACK
        found = shortened(self._whole.messages, self._excess)
        if found is None:
            raise error
        messages, self._left_out = found
        self._request = replace(self._request, messages=messages)
