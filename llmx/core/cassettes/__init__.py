"""Cassettes: calls of models written to a file, and played from it again: offline, without a key, byte for byte.

A cassette is JSON Lines. The first line says what it is; each other one is a call: what was asked, who answered, and
the answer, or the error that came instead. Secrets are masked on the way in, so that what is asked again is masked
before it is looked for.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import finalize

from llmx import __version__
from llmx.core.events import Answering, Event
from llmx.core.messages import Request
from llmx.core.redact import mask_text
from llmx.core.transcripts import canonical, event_values, request_value
from llmx.errors import InconclusiveError, LlmxError, UsageError

FORMAT = 1
TOLD = ("hint", "status", "retry_after", "prompt_tokens", "context")
"""What is kept of an error beside its words."""


class CassetteError(InconclusiveError):
    """A cassette does not hold the call that is asked for, or cannot be read."""


class Question(NamedTuple):
    """What is asked: the request but for its model, masked, and which of several samples."""

    request: dict[str, Any]
    sample: int = 0

    @property
    def key(self) -> str:
        """Equal for equal questions."""
        return canonical([self.request, self.sample])


def question(request: Request, sample: int, env: Mapping[str, str] = os.environ) -> Question:
    """The question that a request asks, without its secrets and without whom it is put to."""
    value = {name: part for name, part in request_value(request).items() if name != "model"}
    return Question(json.loads(canonical(masked(value, env))), sample)


def masked(value: Any, env: Mapping[str, str]) -> Any:  # noqa: ANN401  # JSON
    """``value`` with the secrets in its texts masked."""
    if isinstance(value, str):
        return mask_text(value, env)
    if isinstance(value, Mapping):
        return {name: masked(part, env) for name, part in value.items()}
    return [masked(part, env) for part in value] if isinstance(value, list | tuple) else value


def _let_go(path: str, descriptor: int, begun: os.stat_result, owner: int) -> None:
    if os.getpid() != owner:  # a copy of the process that records
        return
    with suppress(OSError):
        if os.fstat(descriptor).st_size == begun.st_size and os.path.samestat(begun, os.lstat(path)):
            os.unlink(path)
    os.close(descriptor)


class Recorder:
    """Writes a cassette, a call at a time: what was paid for is kept, whatever happens next."""

    def __init__(self, path: str, env: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._env = env
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise UsageError(f"--record: {path} is there already", hint=f"rm {path}, or name another file") from None
        except OSError as error:
            raise UsageError(f"--record: {path} cannot be made: {error.strerror}") from None
        self._write({"cassette": FORMAT, "llmx": __version__})
        begun = os.fstat(self._descriptor)
        self._over = finalize(self, _let_go, path, self._descriptor, begun, os.getpid())

    def close(self) -> None:
        """Let go of the file, which stays only where it holds a call; done at the latest when the program ends."""
        self._over()

    def add(self, asked: Question, who: Answering, events: Iterable[Event], failed: LlmxError | None = None) -> None:
        """Write down a call."""
        outcome: dict[str, Any] = {"events": masked(event_values(events), self._env)}
        if failed is not None:
            fields = {name: getattr(failed, name, None) for name in TOLD}
            error = {"type": type(failed).__name__, "message": mask_text(failed.message, self._env), **fields}
            outcome["error"] = {name: value for name, value in error.items() if value is not None}
        asker = {"backend": who.backend, "model": who.model, "mock": who.mock}
        self._write({"request": asked.request, "sample": asked.sample, **asker, **outcome})

    def _write(self, line: dict[str, Any]) -> None:
        """In one write, so that the lines of calls that run at once stay whole."""
        data = json.dumps(line, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
        try:
            done = os.write(self._descriptor, data)
        except OSError as error:
            raise LlmxError(f"--record: {self._path} cannot be written: {error.strerror}") from None
        if done < len(data):
            raise LlmxError(f"--record: {self._path} cannot be written: the disk is full")
