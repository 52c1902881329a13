"""Run models in processes of their own: native code that aborts takes a worker down, never the program.

``process.py`` starts a worker and speaks to it; ``worker.py`` is what runs there, with an engine in it. Both write JSON
objects, one a line, over a socket:

    to a worker     {"op": "load", …Configuration}    {"op": "ask", "id": 1, …Ask}    {"op": "cancel", "id": 1}
                    {"op": "stats"}
    from a worker   {"progress": "Loading", "fraction": 0.4}    {"loaded": {…}}    {"stats": {…}}
                    {"id": 1, "text": "Hel"}    {"id": 1, "reasoning": "hm"}    {"id": 1, "call": {"id": …}}
                    {"id": 1, "usage": {…}}    {"id": 1, "end": "stop"}
                    {"id": 1, "error": "context_overflow", "message": "…", "hint": "…"}; without id: not loaded
"""

from typing import Any, Literal, NamedTuple

from llmx.errors import InconclusiveError, LlmxError, NotFoundError, UsageError


class Configuration(NamedTuple):
    """Everything that a loaded model depends on: another configuration is another worker.

    ``stamp`` is the file's device, inode, time and size, so that a file that was replaced is not taken for the old one.
    """

    path: str
    engine: str
    context: int
    batch: int = 256
    threads: int = 1
    gpu_layers: int = -1
    cache_type: str = "f16"
    parallel: int = 4
    stamp: tuple[int, ...] = ()


class Ask(NamedTuple):
    """One question to a loaded model; ``messages`` as chat templates have them, or a ``prompt`` as it is.

    ``schema`` is a JSON Schema or ``grammar`` a GBNF that the answer fits. ``seconds`` is how long it may take.
    """

    messages: tuple[dict[str, Any], ...] = ()
    prompt: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    grammar: str = ""
    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stops_repetition: bool = False
    seconds: float | None = None


Kind = Literal[
    "load",  # the model cannot be loaded
    "context_overflow",  # the prompt does not fit
    "bad_request",  # a grammar, schema or template that cannot be used
    "timeout",  # not whole within its time
    "died",  # the worker's process ended
    "missing",  # an engine that is not installed
]
_EXIT_CODES = {"context_overflow": UsageError.exit_code, "bad_request": UsageError.exit_code, "timeout": 124}


class RunnerError(InconclusiveError):
    """A model could not be run here; ``kind`` says how."""

    def __init__(self, message: str, *, kind: Kind = "load", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind: Kind = kind
        self.exit_code = _EXIT_CODES.get(kind, InconclusiveError.exit_code)


def told(error: LlmxError) -> dict[str, Any]:
    """An error as it goes over the socket."""
    kind: str = error.kind if isinstance(error, RunnerError) else "load"
    kind = "absent" if isinstance(error, NotFoundError) else kind
    return {"error": kind, "message": error.message, "hint": error.hint}


def heard(message: dict[str, Any]) -> LlmxError:
    """The error that came over the socket."""
    text, hint = str(message.get("message", "")), message.get("hint")
    if message["error"] == "absent":
        return NotFoundError(text, hint=hint)
    return RunnerError(text, kind=message["error"], hint=hint)
