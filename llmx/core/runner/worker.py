"""What runs in a worker's process: one model, asked over the socket that is its standard input."""

import json
import os
import socket
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from random import SystemRandom
from threading import Thread
from typing import Any

from llmx.core.plugins import load
from llmx.core.runner import Ask, Configuration, RunnerError, told
from llmx.core.runner.answering import Answer
from llmx.core.runner.engines import ENGINES, EXTRAS, TEMPLATES, Engine, Job, Output, Template
from llmx.core.runner.tool_calls import SPECIALS
from llmx.errors import LlmxError, install_hint

NEVER = float("inf")
OOM_SCORE = "500"
"""Where memory runs out, the kernel takes a worker rather than who asked it."""


class Channel:
    """The socket. A thread reads it, so that a question can be cancelled while the engine works."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.came: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.engine: Engine | None = None
        self.given_up: set[int] = set()
        """Questions that nobody waits for any more; one may be given up before the engine has got it."""

    def listen(self) -> None:
        """Read until the other side ends; then there is nobody left to work for."""
        with self._connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if message["op"] == "cancel" and self.engine:
                    self.given_up.add(message["id"])
                    self.engine.cancel(message["id"])
                else:
                    self.came.put(message)
        os._exit(0)

    def tell(self, message: dict[str, Any]) -> None:
        """Write one object."""
        try:
            self._connection.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except OSError:
            os._exit(0)


class Worker:
    """The model and the answers that are being made."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._engine: Engine | None = None
        self._template: Template | None = None
        self._size = 0
        self._answers: dict[int, Answer] = {}
        self._tokens = self._made = 0
        self._busy_s = 0.0

    def run(self) -> None:
        """Until the process is ended."""
        while True:
            for message in self._messages():
                self._heed(message)
            if self._engine and self._engine.is_busy:
                began = time.monotonic()
                for output in self._engine.step():
                    self._hand_out(output)
                self._busy_s += time.monotonic() - began

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What has come; while there is nothing to do, what comes next."""
        if not (self._engine and self._engine.is_busy):
            yield self._channel.came.get()
        while True:
            try:
                yield self._channel.came.get_nowait()
            except Empty:
                return

    def _heed(self, message: dict[str, Any]) -> None:
        match message.pop("op"):
            case "load":
                self._load(Configuration(**message))
            case "ask":
                self._ask(message.pop("id"), Ask(**message))
            case "stats":
                self._channel.tell({"stats": self._stats()})

    def _load(self, configuration: Configuration) -> None:
        engine = configuration.engine
        try:
            self._template = load(TEMPLATES[engine])(configuration.path)
            self._engine = load(ENGINES[engine])(configuration, self._progress)
        except LlmxError as error:
            self._channel.tell(told(error))
        except ImportError as error:
            hint = install_hint(EXTRAS[engine])
            self._channel.tell({"error": "missing", "message": f"{engine} cannot be used: {error}", "hint": hint})
        else:
            self._size = _size(configuration.path)
            self._channel.engine = self._engine
            self._channel.tell({"loaded": self._stats()})

    def _progress(self, stage: str, fraction: float) -> None:
        self._channel.tell({"progress": stage, "fraction": round(fraction, 3)})

    def _ask(self, id: int, ask: Ask) -> None:
        assert self._engine is not None
        assert self._template is not None
        try:
            text = ask.prompt or self._template.render(ask.messages, ask.tools)
        except RunnerError as error:
            self._channel.tell({"id": id, **told(error)})
            return
        prompt = text.encode("utf-8", "replace").decode()  # no engine takes half of a character
        self._answers[id] = Answer(ask, prompt)
        seed = SystemRandom().getrandbits(32) if ask.seed is None else ask.seed
        deadline = NEVER if ask.seconds is None else time.monotonic() + ask.seconds
        marks = SPECIALS if ask.tools else ()
        self._engine.add(
            Job(
                *(id, prompt, ask.max_tokens, ask.temperature, ask.top_p, seed, ask.schema, ask.grammar),
                deadline=deadline,
                marks=marks,
            )
        )
        if id in self._channel.given_up:
            self._engine.cancel(id)

    def _hand_out(self, output: Output) -> None:
        answer = self._answers.get(output.id)
        if answer is None:
            return
        was_over = answer.is_over
        self._say(output.id, answer.take(output.data))
        if answer.is_over and not was_over and self._engine:
            self._engine.cancel(output.id)
        if not output.end:
            return
        del self._answers[output.id]
        self._channel.given_up.discard(output.id)
        self._tokens += output.spent.prompt - output.spent.cached + output.spent.completion
        self._made += output.spent.completion
        if output.error:
            self._channel.tell({"id": output.id, **told(output.error)})
        elif output.end == "timeout":
            message = "no whole answer within the time limit"
            self._channel.tell({"id": output.id, "error": "timeout", "message": message, "hint": None})
        else:
            last = list(answer.end(output.end))
            self._say(output.id, iter([*last[:-1], {"usage": output.spent._asdict()}, last[-1]]))

    def _say(self, id: int, said: Iterator[dict[str, Any]]) -> None:
        for message in said:
            self._channel.tell({"id": id, **message})

    def _stats(self) -> dict[str, Any]:
        speed = round(self._made / self._busy_s, 2) if self._busy_s else 0.0
        return {
            "memory_usage_mb": round(_resident() / 1e6, 1),
            "model_size_mb": round(self._size / 1e6, 1),
            "active_sessions": len(self._answers),
            "total_tokens_processed": self._tokens,
            "average_tokens_per_second": speed,
        }


def _size(path: str) -> int:
    if os.path.isdir(path):
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return os.stat(path).st_size


def _resident() -> int:
    """Bytes of this process in memory."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return int(load("psutil:Process")().memory_info().rss)


def main() -> None:
    """Take the socket, and leave the standard streams to what libraries may print."""
    connection = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(OOM_SCORE)
    except OSError:
        pass  # not Linux, or not allowed: then the kernel chooses by size
    channel = Channel(connection)
    Thread(target=channel.listen, daemon=True).start()
    Worker(channel).run()


if __name__ == "__main__":
    main()
