"""The engine on xllamacpp: llama.cpp's server inside this process, with its own batches and cache."""

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

import xllamacpp

from llmx.core.gguf.engines.server_slots import CAN_COPY, HELD_OPEN, Slots
from llmx.core.gguf.memory import CACHE_TYPES
from llmx.core.runner import Configuration, RunnerError
from llmx.core.runner.engines import Job, Output, Progress, Spent
from llmx.core.runner.prefixes import in_common

WAIT_S = 0.02
"""How long a step waits for the server; what has come in by then is looked at."""
WORTH_SHARING = 32
"""Tokens in common from which on a beginning is read once and copied."""
LEAST_CONTEXT = 32  # with one token of context the library aborts


def open_engine(configuration: Configuration, progress: Progress) -> "ServerEngine":
    """Load the model; raises ``RunnerError``. The library does not say why it cannot."""
    progress("Loading", 0.0)
    made = _parameters(configuration)
    try:
        server = xllamacpp.Server(made)
    except RuntimeError:
        raise RunnerError(
            f"{configuration.path.rpartition('/')[2]} cannot be loaded; xllamacpp gives no reason",
            hint="llmx model info shows what the file is; --set gguf.engine=llama-cpp-python tells more",
        ) from None
    progress("Initializing", 1.0)
    slots = Slots(server.listening_address, made.api_keys[0], configuration.parallel)
    return ServerEngine(server, configuration.context, slots)


def _parameters(configuration: Configuration) -> Any:  # noqa: ANN401  # of the library
    made = xllamacpp.CommonParams()
    made.model.path = configuration.path
    made.n_ctx = max(configuration.context, LEAST_CONTEXT)
    made.n_batch = made.n_ubatch = configuration.batch
    made.n_parallel = configuration.parallel
    made.kv_unified = True
    made.cpuparams.n_threads = made.cpuparams_batch.n_threads = configuration.threads
    made.n_gpu_layers = configuration.gpu_layers
    made.cache_type_k = made.cache_type_v = _cache_type(configuration.cache_type)
    made.warmup = made.fit_params = made.ui = False
    made.verbosity = -1
    made.cache_ram_mib = 0  # it would keep up to 8 GB more than was counted
    made.cache_idle_slots = False
    made.slot_save_path = HELD_OPEN if CAN_COPY else ""
    made.endpoint_slots = CAN_COPY
    made.hostnames = ["127.0.0.1"]  # the library listens there whether it is used or not
    made.api_keys = [secrets.token_hex(32)]
    return made


def _cache_type(name: str) -> Any:  # noqa: ANN401  # of the library
    found = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{name.upper()}", None) if name in CACHE_TYPES else None
    if found is None:
        raise RunnerError(f"there is no cache type {name!r}", kind="bad_request")
    return found


class Waiting(NamedTuple):
    """A job, the tokens of its prompt where they could be had, and the cells that it may need."""

    job: Job
    plan: list[int]
    cells: int


class ServerEngine:
    """Each job waits for the server in a thread of its own; ``step`` hands out what has come.

    The server ends an answer for which it has no cells left, so that a job waits until there are enough for it.
    """

    def __init__(self, server: Any, cells: int, slots: Slots) -> None:  # noqa: ANN401  # of the library
        self._server, self._cells, self._slots = server, cells, slots
        self._came: SimpleQueue[Output] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._waiting: deque[Waiting] = deque()
        self._taken: dict[int, tuple[int, int]] = {}
        """Jobs with their cells and their slots."""

    @property
    def is_busy(self) -> bool:
        """Whether a job is not at its end."""
        return bool(self._taken or self._waiting)

    def add(self, job: Job) -> None:
        """Take a job."""
        try:
            plan = self._slots.tokens(job.prompt)
        except (OSError, ValueError, KeyError):
            plan = []
        tokens = len(plan) or len(job.prompt.encode("utf-8", "replace"))  # no token is less than a byte
        self._waiting.append(Waiting(job, plan, min(tokens + job.max_tokens, self._cells)))

    def _admit(self) -> None:
        """Begin with what there are sequences and cells for; what several begin with is read once for all of them."""
        room = self._cells - sum(cells for cells, _ in self._taken.values())
        entries: list[Waiting] = []
        while self._waiting and len(entries) < self._slots.free and self._waiting[0].cells <= room:
            entries.append(self._waiting.popleft())
            room -= entries[-1].cells
        prefix = in_common(entry.plan for entry in entries) if CAN_COPY else []
        if len(prefix) < WORTH_SHARING:
            prefix = []
        together = [entry for entry in entries if prefix and entry.plan[: len(prefix)] == prefix]
        for entry in entries:
            self._taken[entry.job.id] = (entry.cells, self._slots.take(entry.plan))
        for entry in entries:
            if entry not in together:
                self._start(entry)
        if together:
            Thread(target=self._share, args=(prefix, together), daemon=True).start()

    def _share(self, prefix: list[int], together: list[Waiting]) -> None:
        """In a thread: have the beginning read by one sequence, copy it to the others, and let all go on from there."""
        slots = [self._taken[entry.job.id][1] for entry in together]
        request = {"prompt": prefix, "max_tokens": 0, "id_slot": slots[0], "stream": True, "return_progress": True}
        with suppress(OSError, ValueError, RuntimeError):  # then each reads it for itself
            self._server.handle_completions(
                request, lambda _chunk: all(_end_of(entry.job, self._cancelled) for entry in together)
            )
            self._slots.copy(slots[0], slots[1:])
        for entry in together:
            self._start(entry)

    def _start(self, entry: Waiting) -> None:
        Thread(target=self._run, args=(entry,), daemon=True).start()

    def cancel(self, id: int) -> None:
        """End a job with its next token or piece of its prompt."""
        self._cancelled.add(id)

    def step(self) -> Iterator[Output]:
        """What has come of the jobs since the last time."""
        for entry in [each for each in self._waiting if _end_of(each.job, self._cancelled)]:
            self._waiting.remove(entry)
            yield Output(entry.job.id, end=_end_of(entry.job, self._cancelled))
        self._admit()
        try:
            output = self._came.get(timeout=WAIT_S)
            while True:
                if output.end:
                    self._slots.give_back(self._taken.pop(output.id)[1])
                    self._cancelled.discard(output.id)
                yield output
                output = self._came.get_nowait()
        except Empty:
            return

    def _run(self, entry: Waiting) -> None:
        """In a thread: one request, from its beginning to its end."""
        hearing = Hearing(entry.job, self._came.put, self._cancelled)
        request = {**_request(entry.job), "id_slot": self._taken[entry.job.id][1]}
        if entry.plan:
            request["prompt"] = entry.plan
        try:
            self._server.handle_completions(request, hearing.take)
        except Exception as error:  # the library raises RuntimeError and ValueError for requests it cannot read
            hearing.error = hearing.error or RunnerError(f"xllamacpp: {error}", kind="bad_request")
        hearing.finish()


def _end_of(job: Job, cancelled: set[int]) -> str:
    return "cancelled" if job.id in cancelled else "timeout" if time.monotonic() > job.deadline else ""


def _request(job: Job) -> dict[str, Any]:
    request = {
        "prompt": job.prompt,
        "max_tokens": job.max_tokens,
        "temperature": max(0.0, job.temperature),
        "top_p": job.top_p,
        "top_k": 40,
        "min_p": 0.05,
        "seed": job.seed & 0xFFFFFFFF,
        "stream": True,
        "return_progress": True,
        "cache_prompt": True,
        "preserved_tokens": list(job.marks),
    }
    if job.grammar or job.schema is not None:
        request["grammar"] = job.grammar or _of_schema(job.schema)
    return request


def _of_schema(schema: Any) -> str:  # noqa: ANN401  # JSON
    """The schema as llguidance takes it, without the endless whitespace that small models fall into."""
    guidance = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    return str(xllamacpp.json_schema_to_grammar({**schema, "x-guidance": guidance}))


class Hearing:
    """What the server says about one job, piece by piece."""

    def __init__(self, job: Job, put: Callable[[Output], None], cancelled: set[int]) -> None:
        self._job, self._put, self._cancelled = job, put, cancelled
        self._end = ""
        self._spent = Spent()
        self.error: RunnerError | None = None

    def take(self, chunk: dict[str, Any]) -> bool:
        """Hand a piece on; True asks the server to end."""
        if "error" in chunk:
            self.error = _error(chunk["error"])
            return True
        choice = chunk["choices"][0]
        if choice["text"]:
            self._spent = self._spent._replace(completion=self._spent.completion + 1)
            self._put(Output(self._job.id, choice["text"].encode("utf-8", "replace")))
        if choice["finish_reason"]:
            self._end = choice["finish_reason"]
        if "usage" in chunk:
            self._spent = _spent(chunk["usage"])
        outside = _end_of(self._job, self._cancelled)
        self._end = outside or self._end
        return bool(outside)

    def finish(self) -> None:
        """Tell the end."""
        if not self._end and not self.error:
            self.error = RunnerError("xllamacpp ended without an answer")
        self._put(Output(self._job.id, end="error" if self.error else self._end, spent=self._spent, error=self.error))


def _spent(usage: dict[str, Any]) -> Spent:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return Spent(usage["prompt_tokens"], cached, usage["completion_tokens"])


def _error(said: Any) -> RunnerError:  # noqa: ANN401  # JSON
    text = said.get("message", "") if isinstance(said, dict) else json.dumps(said)
    if isinstance(said, dict) and said.get("type") == "exceed_context_size_error":
        return RunnerError(
            f"the prompt has {said.get('n_prompt_tokens')} tokens, and the context has room for {said.get('n_ctx')}",
            kind="context_overflow",
            hint="shorten the prompt, or load the model with a larger --context",
        )
    return RunnerError(f"xllamacpp: {text}"[:400], kind="bad_request")
