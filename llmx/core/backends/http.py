"""A backend behind an HTTP API: an endpoint, a wire format, and what both share: retries, limits, honest errors."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from math import isfinite

from llmx.core.backends import Capabilities, Embedding, Health
from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.errors import AnswerError, BackendError, BackendTimeoutError, BadRequestError
from llmx.core.backends.failures import Target, failure, hint, overflow
from llmx.core.backends.framing import JsonLines, ServerSentEvents
from llmx.core.backends.profiles import profile
from llmx.core.backends.retries import Retries
from llmx.core.backends.transport import Call, Transport
from llmx.core.backends.wires import Ask, Reader, Shown, StreamFailedError, Wire, least_tokens, most_tokens, parsed
from llmx.core.events import Event
from llmx.core.giving_way import without
from llmx.core.messages import Request
from llmx.core.plugins import load

HEALTH_S = 5.0
LINGER_S = 0.1
"""How long the end of a connection is awaited behind a whole answer, so that it can be used again."""

SMALLEST = 4000
"""Tokens that every model has room for whose context is only listed."""

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What reading an answer of the wrong shape raises."""

logger = logging.getLogger("llmx")


class HttpBackend:
    """Asks one endpoint, with one key."""

    is_mock = False

    def __init__(
        self, endpoint: Endpoint, wire: Wire, key: str = "", retries: Retries | None = None, context: int = 0
    ) -> None:
        self._endpoint = endpoint
        self._wire = wire
        self._key = key
        self._retries = retries or Retries()
        self._transport = Transport(self._target(""))
        self._context = context
        self._shown: dict[str, Shown] = {}

    @property
    def name(self) -> str:
        """The endpoint's."""
        return self._endpoint.name

    @property
    def capabilities(self) -> Capabilities:
        """The wire format's."""
        return self._wire.capabilities

    def identity(self, model: str) -> str:
        """The endpoint's URL."""
        return self._endpoint.base_url

    def keep(self) -> None:
        """Keep connections from now on."""
        self._transport.keep()

    async def aclose(self) -> None:
        """Close what is kept."""
        await self._transport.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        """The answer; a call that fails before its first event is made again where that may help."""
        tried, last = 0, ""
        while True:
            tried += 1
            has_begun = False
            try:
                async with aclosing(self._batches(request)) as batches:
                    async for events in batches:
                        has_begun = has_begun or bool(events)
                        for event in events:
                            yield event
                return
            except BackendError as error:
                if has_begun:
                    raise
                await self._pause(_after(last, error), tried, request.deadline)
                last = error.message

    async def _pause(self, error: BackendError, tried: int, deadline: float | None) -> None:
        """Wait before the next try; raises ``error`` where there is to be none."""
        pause = self._retries.pause(error, tried, None if deadline is None else deadline - time.monotonic())
        if pause is None:
            raise error
        logger.info("%s: again in %.2f s: %s", self.name, pause, error.message)
        await asyncio.sleep(pause)

    async def _batches(self, request: Request) -> AsyncGenerator[list[Event]]:
        """The events of one try, as many at once as came at once: a step for each would double what they cost."""
        target = self._target(request.model)
        request = without(request, profile(request.model).refuses) or request
        self._check(request, target)
        ask = self._wire.post(request, self._endpoint, await self._fitting(request, target))
        call = self._call(ask)._replace(expects=self._wire.expects)
        logger.debug("POST %s: %d bytes", call.url, len(call.body))
        reader, framing = self._wire.reader(request), self._wire.framing()
        async with aclosing(self._transport.stream(call, target, request.deadline)) as chunks:
            async for chunk in chunks:
                yield self._events(reader, self._cut(framing, chunk, target), target)
                if reader.is_over:
                    await _linger(chunks)
                    break
        yield self._events(reader, framing.finish(), target)
        yield self._finish(reader, target)

    def _events(self, reader: Reader, payloads: list[bytes], target: Target) -> list[Event]:
        return [event for payload in payloads for event in self._read(reader, payload, target)]

    def _cut(self, framing: JsonLines | ServerSentEvents, chunk: bytes, target: Target) -> list[bytes]:
        try:
            return framing.feed(chunk)
        except ValueError as error:
            raise self._unreadable(target, str(error)) from None

    def _read(self, reader: Reader, payload: bytes, target: Target) -> Sequence[Event]:
        """The events of one piece of the answer; every way in which it can be wrong ends here."""
        if payload == b"[DONE]":
            return ()
        try:
            return reader.read(parsed(payload))
        except StreamFailedError as failed:
            raise failure(target, 0, failed.body) from None
        except UNREADABLE as error:
            words = target.quote(payload[:1000].decode(errors="replace"))
            raise self._unreadable(target, f"this is no part of an answer ({type(error).__name__}): {words}") from None

    def _finish(self, reader: Reader, target: Target) -> list[Event]:
        try:
            return list(reader.finish())
        except EOFError:
            raise self._unreadable(target, "the answer was cut off before its end") from None
        except ValueError:
            raise self._unreadable(target, "the arguments of a tool call are no JSON") from None

    def _unreadable(self, target: Target, what: str) -> AnswerError:
        return AnswerError(f"{target}: {what}", hint=hint(AnswerError, target), backend=self.name, model=target.model)

    def _check(self, request: Request, target: Target) -> None:
        """Refuse what the model is known not to take."""
        temperature, most = request.parameters.temperature, profile(request.model).max_temperature
        if temperature is not None and temperature > most:
            raise BadRequestError(f"{target}: its temperature goes up to {most}, not {temperature}", model=target.model)

    async def _fitting(self, request: Request, target: Target) -> Shown:
        """What is told of the model; raises ``ContextOverflowError`` where the prompt may not fit in its context."""
        prompt, answer = most_tokens(request), request.parameters.max_tokens or 0
        if prompt + answer <= min(self._wire.surely_fits, self._context or self._wire.surely_fits):
            return Shown()
        if request.model not in self._shown:
            self._shown[request.model] = await self._asked_about(request, target)
        shown = self._shown[request.model]
        if shown.context is None:
            self._refuse_the_impossible(request, target)
            return shown
        counted = None
        if prompt + answer > shown.context:
            told = await self._told(self._wire.count(request, self._endpoint), target, request)
            counted = self._number(lambda: self._wire.counted(told, request))
        if (counted or prompt) + answer > shown.context:
            raise overflow(target, counted or prompt, answer, shown.context, "may have" if counted is None else "has")
        return shown

    async def _asked_about(self, request: Request, target: Target) -> Shown:
        told = await self._told(self._wire.show(request.model, self._endpoint), target, request)
        try:
            shown = self._wire.shown(told, request.model)
        except UNREADABLE:
            return Shown()
        return shown._replace(context=min(shown.context, self._context or shown.context)) if shown.context else shown

    def _refuse_the_impossible(self, request: Request, target: Target) -> None:
        """Where a context is only listed somewhere, and the server refuses by itself: only what cannot fit at all."""
        prompt, answer = least_tokens(request), request.parameters.max_tokens or 0
        listed: int | None = self._context
        if not listed and prompt + answer > SMALLEST:
            listed = load("llmx.core.backends.contexts:listed")(self._endpoint.base_url, request.model)
        if listed and prompt + answer > listed:
            raise overflow(target, prompt, answer, listed, "has at least")

    async def _told(self, ask: Ask, target: Target, request: Request) -> object:
        """The answer to a question beside the call; None where the endpoint does not know such questions."""
        if not ask.path:
            return None
        try:
            return parsed(await self._transport.fetch(self._call(ask), target, request.deadline))
        except (AnswerError, BadRequestError, ValueError):
            return None

    def _number(self, read: Callable[[], int | None]) -> int | None:
        try:
            return read()
        except UNREADABLE:
            return None

    async def embed(self, texts: Sequence[str], model: str, deadline: float | None = None) -> Embedding:
        """A vector for each text."""
        target = self._target(model)
        if not self.capabilities.embeddings:
            raise BadRequestError(f"{target}: it makes no embeddings", hint="llmx backend list shows who does")
        answer = await self._fetched(self._call(self._wire.embed(texts, model)), target, deadline)
        try:
            made = self._wire.vectors(json.loads(answer))
            made = made._replace(vectors=[numbers(vector) for vector in made.vectors])
        except UNREADABLE:
            raise self._unreadable(target, "the answer holds no vectors") from None
        if len(made.vectors) != len(texts):
            raise self._unreadable(target, f"{len(made.vectors)} vectors came for {len(texts)} texts")
        return made

    async def _fetched(self, call: Call, target: Target, deadline: float | None) -> bytes:
        """The whole answer to a call; one that fails on the way is made again where that may help."""
        tried, last = 0, ""
        while True:
            tried += 1
            try:
                return await self._transport.fetch(call, target, deadline)
            except BackendError as error:
                await self._pause(_after(last, error), tried, deadline)
                last = error.message

    async def health(self, deadline: float | None = None) -> Health:
        """Ask for the list of models, with the key: what fails is told, not raised."""
        target = self._target("")
        deadline = time.monotonic() + HEALTH_S if deadline is None else deadline
        try:
            answer = await self._transport.fetch(self._call(Ask(self._wire.models_path)), target, deadline)
            models = tuple(self._wire.models(json.loads(answer)))
        except BackendError as error:
            return Health(error.standing, error.message)
        except UNREADABLE:
            return Health("wrong", f"{target}: the answer is no list of models")
        return Health("up", f"{target}: it answers and offers {len(models)} models", models)

    def _target(self, model: str) -> Target:
        return Target(self._endpoint, model, self._key)

    def _headers(self) -> dict[str, str]:
        return {"Accept-Encoding": "identity", **self._wire.headers(self._key)}

    def _call(self, ask: Ask) -> Call:
        root = self._wire.root(self._endpoint.base_url)
        url = (root.removesuffix("/v1") if ask.is_above else root) + ask.path
        if ask.body is None:
            return Call("GET", url, self._headers())
        headers = {"Content-Type": "application/json", **self._headers()}
        return Call("POST", url, headers, json.dumps(ask.body, ensure_ascii=False).encode(errors="replace"))


def numbers(vector: Sequence[object]) -> list[float]:
    """A vector as numbers that can be written as JSON; raises ``ValueError`` or ``TypeError`` for anything else."""
    if not isinstance(vector, list):
        raise TypeError(f"{type(vector).__name__} is no vector")
    found = [float(number) for number in vector]
    if not all(map(isfinite, found)):
        raise ValueError("not a number")
    return found


def _after(last: str, error: BackendError) -> BackendError:
    """The error with what went wrong before it, where time ran out while that was tried again."""
    if last and isinstance(error, BackendTimeoutError):
        error.message = f"{error.message}; before that, {last}"
        error.args = (error.message,)
    return error


async def _linger(chunks: AsyncGenerator[bytes]) -> None:
    """Read the end of the connection's answer, where that comes at once."""
    try:
        async with asyncio.timeout(LINGER_S):
            async for _ in chunks:
                pass
    except (TimeoutError, BackendError):
        return
