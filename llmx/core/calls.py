"""What every call of a model goes through: kept answers, cassettes, budgets and the ledger."""

import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from copy import copy
from typing import Any, NamedTuple

from llmx import paths
from llmx.core.backends import Backend
from llmx.core.events import Answering, Done, Event, ReasoningDelta, TextDelta, Usage
from llmx.core.messages import Request, ToolCall
from llmx.core.plugins import load
from llmx.core.usage import Call, Caller, Meter, Most, Status, Target
from llmx.errors import LlmxError, UsageError

RUN = f"{int(time.time()):x}-{os.urandom(4).hex()}"
"""On whose account the calls of this process are, where nothing else is said."""

Ask = Callable[[Request], AsyncGenerator[Event]]
"""How a backend is asked."""

WHOLE = ("stop", "tool_calls")
"""How an answer ends that is worth keeping: one that was cut would be cut for ever."""


class CallOptions(NamedTuple):
    """How calls are to be treated; ``sample`` tells answers to the same question apart that are to be different.

    ``fresh`` keeps answers but takes no kept one. ``max_cost`` is in US dollars, both limits are of the whole run.
    """

    caller: Caller = Caller(RUN)
    fresh: bool = False
    sample: int = 0
    record: str = ""
    replay: str = ""
    max_cost: float | None = None
    max_tokens: int | None = None


PLAIN = CallOptions()


class Calls:
    """The way to a model, with what is kept and counted on it; several clients may share it."""

    def __init__(
        self,
        settings: Mapping[str, object],
        options: CallOptions = PLAIN,
        *,
        cache_dir: str | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        if options.record and options.replay:
            raise UsageError("both --record and --replay are given", hint="leave one of the two out")
        self.options = options
        self._settings = settings
        self._cache_dir = cache_dir
        self._env = env
        self._recorder = load("llmx.core.cassettes:Recorder")(options.record, env) if options.record else None
        self._replay: Any = load("llmx.core.cassettes.replay:Replay")(options.replay) if options.replay else None
        self._limits = self._found_limits()
        self._meter: Meter | None = None

    @property
    def replays(self) -> bool:
        """Whether answers come from a cassette, so that no backend is asked."""
        return self._replay is not None

    def varied(self, *, sample: int | None = None, meter: Meter | None = None) -> "Calls":
        """The same way, for another sample of the answers or with someone who is told of every call."""
        other = copy(self)
        other.options = self.options if sample is None else self.options._replace(sample=sample)
        other._meter = meter or self._meter
        return other

    def played(self, request: Request, backend: str, model: str) -> list[Event]:
        """The answer that the cassette holds; raises what it holds instead."""
        call = self._replay.next(self._question(request), backend, model)
        if call.failed is not None:
            raise call.failed
        if self._meter:
            making = _Making(self.options.caller, Target(call.who.backend, "", call.who.model))
            self._meter.note(making.call("done", cached=True))
        return [call.who, *call.events]

    async def stream(
        self, backend: Backend, who: Answering, request: Request, *, keeps: bool, ask: Ask | None = None
    ) -> AsyncGenerator[Event]:
        """The answer of that backend or, where it ``keeps`` answers, one it gave before; first who answers.

        ``ask`` is how the backend is asked where it is not by ``stream``.
        """
        identity = backend.identity(request.model)
        key = self._key(backend.name, identity, request) if keeps and identity is not None else b""
        kept = self._of_cache(lambda cache: cache.get(key)) if key and not self.options.fresh else None
        making = _Making(self.options.caller, Target(backend.name, identity or "", request.model))
        if kept is not None:
            yield making.note(who._replace(cached=True))
            for event in kept:
                yield making.note(event)
            self._settle(making, "done", cached=True)
            self._record(request, making)
            return
        reservation = self._held(making, request)
        try:
            async with aclosing((ask or backend.stream)(request)) as events:
                async for event in events:
                    if not making.events:
                        yield making.note(who)
                    yield making.note(event)
        except LlmxError as error:
            self._settle(making, "failed", reservation)
            self._record(request, making, error)
            raise
        except BaseException:
            self._settle(making, "stopped", reservation)
            raise
        self._settle(making, "done", reservation)
        self._record(request, making)
        if key and making.is_whole:
            self._of_cache(lambda cache: cache.put(key, making.events))

    def _key(self, backend: str, identity: str, request: Request) -> bytes:
        asked = load("llmx.core.cache:Asked")(backend, identity, request, self.options.sample)
        key: bytes = load("llmx.core.cache:key_of")(asked)
        return key

    def _cache(self) -> Any:  # noqa: ANN401  # a Cache, not imported where none is used
        folder = os.path.expanduser(self._cache_dir or f"{paths.cache_dir(self._env)}/answers")
        limits = {"max_bytes": self._settings["cache.max_bytes"], "max_age": self._settings["cache.max_age"]}
        return _kept(f"cache {folder}", lambda: load("llmx.core.cache:Cache")(folder, **limits))

    def _of_cache(self, use: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # what ``use`` gives
        """What the cache gives; None where it cannot be opened: a call is none the worse without it."""
        try:
            return use(self._cache())
        except (LlmxError, OSError) as error:
            load("llmx.core.client_trace:unkept")(error)
            return None

    def _ledger(self) -> Any:  # noqa: ANN401  # a Ledger, not imported before the first call ends
        path = f"{paths.state_dir(self._env)}/usage.db"
        return _kept(f"ledger {path}", lambda: load("llmx.core.usage.ledger:Ledger")(path))

    def _found_limits(self) -> list[Any]:
        options = self.options
        is_limited = options.max_cost is not None or options.max_tokens is not None
        if not is_limited and not any(value for name, value in self._settings.items() if name.startswith("budget.")):
            return []
        found: list[Any] = load("llmx.core.usage.budget:limits")(
            self._settings, options.max_cost, options.max_tokens, project=options.caller.project
        )
        return found

    def _held(self, making: "_Making", request: Request) -> int | None:
        """Hold the most that the call may use, where anything is limited."""
        meter = self._meter if self._meter and self._meter.is_limited else None
        if not self._limits and not meter:
            return None
        prompt = load("llmx.core.backends.wires:most_tokens")(request)
        making.most = Most(prompt, request.parameters.max_tokens or 0)
        if meter:
            making.release = meter.hold(making.target, making.most)
        if not self._limits:
            return None
        hold = load("llmx.core.usage.ledger:Hold")(making.caller, making.target, making.most, request.remaining)
        try:
            reservation: int = self._ledger().hold(hold, self._limits)
        except LlmxError:
            making.release()
            raise
        return reservation

    def _settle(
        self, making: "_Making", status: Status, reservation: int | None = None, *, cached: bool = False
    ) -> None:
        """Write the call down; where that fails, a call without a limit is none the worse for it."""
        call = making.call(status, cached=cached)
        making.release()
        if self._meter:
            self._meter.note(call)
        try:
            self._ledger().settle(call, reservation)
        except (LlmxError, OSError) as error:
            if self._limits:
                raise
            load("llmx.core.client_trace:unrecorded")(error)

    def _question(self, request: Request) -> Any:  # noqa: ANN401  # a Question
        return load("llmx.core.cassettes:question")(request, self.options.sample, self._env)

    def _record(self, request: Request, making: "_Making", failed: LlmxError | None = None) -> None:
        if self._recorder:
            self._recorder.add(self._question(request), making.who, making.events, failed)


class _Making:
    """A call that goes on: when it began, and what has come of it."""

    def __init__(self, caller: Caller, target: Target) -> None:
        self.caller = caller
        self.target = target
        self.most: Most | None = None
        self.release: Callable[[], None] = lambda: None
        self.events: list[Event] = []
        self.who = Answering(target.backend, target.model)
        self._at = time.time()
        self._began = time.monotonic()
        self._first: float | None = None
        self._usage = Usage()

    def note(self, event: Event) -> Event:
        """Take note of the event, and return it."""
        self.events.append(event)
        if self._first is not None and type(event) is TextDelta:  # most events are such
            return event
        match event:
            case Answering():
                self.who = event
            case Usage():
                self._usage = event
            case TextDelta() | ReasoningDelta() | ToolCall() if self._first is None:
                self._first = time.monotonic()
        return event

    @property
    def is_whole(self) -> bool:
        """Whether the model has said all that it wanted to."""
        last = self.events[-1] if self.events else None
        return isinstance(last, Done) and last.finish_reason in WHOLE

    def call(self, status: Status, *, cached: bool = False) -> Call:
        """The call as it ended. What was begun may be billed, also where nobody has said how much it was."""
        now = time.monotonic()
        first = None if self._first is None else round((self._first - self._began) * 1000)
        took = round((now - self._began) * 1000)
        is_billed = status == "done" or bool(self.events)
        most = self.most if is_billed else None
        return Call(self._at, self.caller, self.target, status, self._usage, took, first, cached, most)


_OPEN = threading.local()

MOST_OPEN = 4
"""Connections that a thread keeps: a program has a cache and a ledger, seldom those of another home too."""


def _kept(name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401  # what ``make`` makes
    """What ``make`` has made for this thread of this process: connections must not be shared between them."""
    found: dict[str, Any] = _OPEN.__dict__
    key = f"{os.getpid()} {name}"
    if key not in found:
        found[key] = make()
        if len(found) > MOST_OPEN:
            found.pop(next(iter(found))).close()
    return found[key]
