"""The engines that run a model: what one does, and which there are.

An engine lives in a worker's process and is used from one thread; only ``cancel`` may be called from another.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

from llmx.core.runner import RunnerError
from llmx.errors import ConfigError, install_hint


class Job(NamedTuple):
    """A prompt to go on from. ``deadline`` is of ``time.monotonic``. ``marks`` are special tokens to write as text."""

    id: int
    prompt: str
    max_tokens: int
    temperature: float
    top_p: float
    seed: int
    schema: dict[str, Any] | None
    grammar: str
    deadline: float
    marks: tuple[str, ...] = ()


class Spent(NamedTuple):
    """Tokens of one job; ``cached`` are those of the prompt that were not computed again."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


class Output(NamedTuple):
    """What a step gave one job: more UTF-8, cut anywhere, and at its end why it ended and what it took.

    ``end`` is ``stop``, ``length``, ``cancelled``, ``timeout``, or ``error`` with the ``error`` to tell.
    """

    id: int
    data: bytes = b""
    end: str = ""
    spent: Spent = Spent()
    error: RunnerError | None = None


Message = dict[str, Any]


class Template(Protocol):
    """How a model wants to be asked."""

    def render(self, messages: Sequence[Message], tools: Sequence[Message]) -> str:
        """The prompt that the messages make."""


class Engine(Protocol):
    """A loaded model."""

    @property
    def is_busy(self) -> bool:
        """Whether a job is not at its end."""

    def add(self, job: Job) -> None:
        """Take a job; what comes of it comes from ``step``, errors too."""

    def cancel(self, id: int) -> None:
        """End a job as soon as may be, in the middle of its prompt too; from any thread."""

    def step(self) -> Iterable[Output]:
        """Do a piece of work and tell what came of it."""


Progress = Callable[[str, float], None]
"""Called with ``Loading`` or ``Initializing`` and how much of it is done, from 0 to 1."""

ENGINES = {
    "llama-cpp-python": "llmx.core.gguf.engines.llama:open_engine",
    "xllamacpp": "llmx.core.gguf.engines.server:open_engine",
    "mlx": "llmx.core.mlx.engine:open_engine",
}
"""Name -> what opens it: called with a ``Configuration`` and a ``Progress``, it returns an ``Engine``."""

TEMPLATES = dict.fromkeys(("llama-cpp-python", "xllamacpp"), "llmx.core.gguf.templates:template_of")
TEMPLATES["mlx"] = "llmx.core.mlx.templates:template_of"
"""Name -> what gives the chat template of the model at a path."""

MODULES = {"llama-cpp-python": "llama_cpp", "xllamacpp": "xllamacpp", "mlx": "mlx_lm"}
EXTRAS = {"llama-cpp-python": "gguf", "xllamacpp": "gguf-prebuilt", "mlx": "mlx"}
FOR_GGUF = ("llama-cpp-python", "xllamacpp")
"""The preferred one first: it is built for this very machine, and tells why a model cannot be loaded."""


def installed() -> list[str]:
    """The engines that can be used here."""
    return [name for name, module in MODULES.items() if find_spec(module)]


def choose(wanted: str = "auto") -> str:
    """The engine for GGUF files; raises ``RunnerError`` with what to install where there is none."""
    if wanted != "auto" and wanted not in FOR_GGUF:
        hint = f"it is auto or one of {', '.join(FOR_GGUF)}"
        raise ConfigError(f"there is no engine {wanted!r} for GGUF files", key="gguf.engine", hint=hint)
    found = [name for name in installed() if name in FOR_GGUF and wanted in ("auto", name)]
    if found:
        return found[0]
    missing = " or ".join(FOR_GGUF) if wanted == "auto" else wanted
    hint = f"{install_hint('gguf-prebuilt')} needs no compiler; {install_hint('gguf')} builds for this machine"
    hint = hint if wanted == "auto" else install_hint(EXTRAS[wanted])
    raise RunnerError(f"GGUF models need {missing}, which is not installed", kind="missing", hint=hint)
