"""Play a cassette: the same questions get the same answers, and a question that is not on it stops the run."""

import difflib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.backends import errors
from llmx.core.cassettes import FORMAT, CassetteError, Question
from llmx.core.events import Answering, Event
from llmx.core.transcripts import read_events
from llmx.errors import LlmxError, NotFoundError, UsageError


class Played(NamedTuple):
    """A call of a cassette."""

    question: Question
    who: Answering
    events: list[Event]
    failed: LlmxError | None


class Replay:
    """A cassette that is played; each of its calls answers once, in the order in which they were made."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._calls: dict[str, list[Played]] = defaultdict(list)
        self._played: dict[str, int] = defaultdict(int)
        for call in read(path):
            self._calls[call.question.key].append(call)

    def next(self, asked: Question, backend: str = "", model: str = "") -> Played:
        """The next answer to that question, of that backend and model where one was named.

        Raises ``CassetteError`` where there is none, with what differs from the nearest.
        """
        calls = self._calls.get(asked.key, [])
        at = self._played[asked.key]
        if not calls:
            raise self._unknown(asked)
        if at == len(calls):
            raise CassetteError(
                f"{self._path} holds this call {len(calls)} times, and it is made once more",
                hint=f"record it again: rm {self._path}, then --record {self._path}",
            )
        self._played[asked.key] = at + 1
        self._check(calls[at].who, backend, model)
        return calls[at]

    def _check(self, who: Answering, backend: str, model: str) -> None:
        if (backend and backend != who.backend) or (model and model != who.model):
            wanted, recorded = f"{backend or who.backend}/{model or who.model}", f"{who.backend}/{who.model}"
            raise CassetteError(f"{self._path} holds this call of {recorded}, not of {wanted}")

    def _unknown(self, asked: Question) -> CassetteError:
        wanted = _lines(asked)
        texts = {key: _lines(calls[0].question) for key, calls in self._calls.items()}
        if not texts:
            return CassetteError(f"{self._path} holds no call at all")
        nearest = max(texts.values(), key=lambda lines: difflib.SequenceMatcher(None, lines, wanted).ratio())
        difference = difflib.unified_diff(nearest, wanted, "recorded", "asked", lineterm="", n=2)
        return CassetteError(
            f"{self._path} does not hold this call; the nearest differs in this:\n" + "\n".join(difference),
            hint=f"record it again: rm {self._path}, then --record {self._path}",
        )


def read(path: str) -> list[Played]:
    """The calls of a cassette; raises ``UsageError`` for a file that is none, with the line, and ``NotFoundError``."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        raise NotFoundError(f"--replay: there is no file {path}", hint=f"make one by --record {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--replay: {path} cannot be read: {getattr(error, 'strerror', error)}") from None
    if not lines or _parsed(lines[0], f"{path}:1").get("cassette") != FORMAT:
        raise UsageError(f"--replay: {path} is no cassette of this version", hint=f"make one by --record {path}")
    return [_call(line, f"{path}:{number}") for number, line in enumerate(lines[1:], 2) if line.strip()]


def _call(line: str, place: str) -> Played:
    call = _parsed(line, place)
    try:
        return Played(
            Question(call["request"], call["sample"]),
            Answering(call["backend"], call["model"], call["mock"]),
            read_events(call["events"]),
            _failed(call["error"]) if "error" in call else None,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise UsageError(f"--replay: {place} is no call") from None


def _parsed(line: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(f"--replay: {place} is no JSON object")
    return value


def _failed(told: Mapping[str, Any]) -> LlmxError:
    """The error as it was raised."""
    kind = getattr(errors, told["type"], errors.AnswerError)
    extra = {name: told[name] for name in ("status", "retry_after") if name in told}
    error: LlmxError = kind(told["message"], hint=told.get("hint"), **extra)
    if isinstance(error, errors.ContextOverflowError):
        error.prompt_tokens, error.context = int(told.get("prompt_tokens", 0)), int(told.get("context", 0))
    return error


def _lines(asked: Question) -> list[str]:
    return json.dumps(asked._asdict(), indent=1, ensure_ascii=False, sort_keys=True).split("\n")
