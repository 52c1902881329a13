"""Which model answers: flag, agent, environment and settings, then what this machine has; never a silent stand-in."""

from typing import NamedTuple

from llmx.core.backends.endpoints import canonical, is_known, remote_name, unknown
from llmx.core.demo import NAME, PATH
from llmx.core.refs import ModelRef, doubt, parse
from llmx.errors import InconclusiveError, LlmxError

DEFAULT_BACKEND = "ollama"
DEFAULT_MODELS = {"ollama": "qwen2.5:1.5b", "mock": "mock"}
"""What a backend runs where no model is named."""

LOCAL = ("gguf", "mlx")
"""The backends that run a model's files themselves."""

WAYS = "name one, as with --model ollama/qwen2.5:1.5b, or set LLM_BACKEND and LLM_MODEL"


class Named(NamedTuple):
    """A backend and a model as one place names them, either of them empty where it does not."""

    backend: str = ""
    model: str = ""


class Asked(NamedTuple):
    """What was asked for; the environment stands over the settings files already in ``settings``.

    ``base_url`` is one that was set with the settings. ``allows_demo`` is for the few commands where a demo helps;
    ``allows_mock`` is the old behavior that a backend which does not exist is replaced by the mock.
    """

    flags: Named = Named()
    agent: str = ""
    settings: Named = Named()
    base_url: str = ""
    allows_demo: bool = False
    allows_mock: bool = False


class AtHand(NamedTuple):
    """What this machine has: the models of a running Ollama, other local models, and the demo model."""

    ollama: tuple[str, ...] = ()
    local: tuple[ModelRef, ...] = ()
    demo: ModelRef | None = None


class Choice(NamedTuple):
    """The backend and the model, why it is they, and what is to be said with every answer.

    ``doubt`` asks what else could have been meant, for where there is no such model.
    """

    backend: str
    ref: ModelRef
    reason: str
    notices: tuple[str, ...] = ()
    is_demo: bool = False
    doubt: str = ""

    @property
    def model(self) -> str:
        """The model's name as its backend knows it: those that run files themselves get the whole ref."""
        if self.ref.source == "hf" and self.backend == "ollama":
            return f"hf.co/{self.ref.name}" + (f":{self.ref.variant}" if self.ref.variant else "")
        return str(self.ref) if self.ref.source != "name" and self.backend in LOCAL else self.ref.model


def named(asked: Asked) -> Choice | None:
    """What was asked for by name, None where nothing was; raises ``UsageError`` for a backend that there is not."""
    try:
        return _by_flags(asked) or _by_agent(asked) or _by_settings(asked)
    except LlmxError as error:
        wrong = [n.backend for n in (asked.flags, asked.settings) if n.backend and not is_known(n.backend)]
        if not (asked.allows_mock and wrong):
            raise
        notice = f"there is no backend {wrong[0]!r}, and LLMX_ALLOW_MOCK_FALLBACK is set: a mock answers"
        return Choice("mock", ModelRef("mock", backend="mock"), error.message, (notice,))


def at_hand(asked: Asked, found: AtHand) -> Choice:
    """What this machine has where nothing was asked for; raises ``InconclusiveError`` where it has nothing."""
    default = DEFAULT_MODELS[DEFAULT_BACKEND]
    if default in found.ollama:
        return _choice(Named(DEFAULT_BACKEND, default), "the default, and Ollama has it")
    if found.ollama:
        return _choice(Named(DEFAULT_BACKEND, found.ollama[0]), "no model is configured; Ollama has this one")
    if found.local:
        ref = found.local[0]
        return Choice(ref.backend, ref, "no model is configured; this one is on this machine")
    if found.demo and asked.allows_demo:
        notice = "this is the demo model, too small to be of use: " + WAYS
        return Choice(found.demo.backend, found.demo, "no other model is on this machine", (notice,), is_demo=True)
    raise InconclusiveError("no model is configured, and none was found on this machine", hint=WAYS)


def _by_flags(asked: Asked) -> Choice | None:
    flags, settings = asked.flags, asked.settings
    if not flags.backend and not flags.model:
        return None
    if flags.model:
        fallback = "" if flags.backend else settings.backend or (asked.base_url and "remote")
        return _choice(flags, "asked for by a flag", fallback, asked.base_url)
    base_url = asked.base_url if canonical(flags.backend) == canonical(settings.backend or "remote") else ""
    return _choice(Named(flags.backend, _model_for(flags.backend, settings)), "asked for by a flag", base_url=base_url)


def _by_agent(asked: Asked) -> Choice | None:
    if not asked.agent:
        return None
    return _choice(Named("", asked.agent), "set by the agent", asked.settings.backend, asked.base_url)


def _by_settings(asked: Asked) -> Choice | None:
    if not asked.settings.backend and not asked.settings.model and not asked.base_url:
        return None
    fallback = "remote" if asked.base_url else ""
    return _choice(asked.settings, "set by the environment or the settings", fallback, asked.base_url)


def _model_for(backend: str, settings: Named) -> str:
    """The configured model where it is one of that backend's."""
    if settings.backend:
        return settings.model if canonical(settings.backend) == canonical(backend) else ""
    return settings.model if settings.model and parse(settings.model).backend in ("", canonical(backend)) else ""


def _choice(names: Named, reason: str, fallback: str = "", base_url: str = "") -> Choice:
    """The choice that the names mean; ``fallback`` is the backend of a model that names none."""
    for word in (names.backend, fallback):
        if word and not is_known(word):
            raise unknown(word)
    backend = canonical(names.backend)
    ref = parse(names.model) if names.model else None
    if names.model == NAME and (backend or canonical(fallback)) in ("", "gguf"):
        ref = ModelRef("", backend="gguf", source="file", file=PATH)
    asks = doubt(ref) if ref and not names.backend else ""
    if ref and ref.source != "name":
        backend = backend or ("mlx" if ref.file.endswith("/") else "gguf")
    elif ref and not backend:
        backend = ref.backend or canonical(fallback) or DEFAULT_BACKEND
    elif ref and ref.backend != backend:  # a backend that stands beside a name takes the name as it is
        name, _, variant = names.model.partition(":")
        ref = ModelRef(name, variant, backend)
    backend = backend or canonical(fallback) or DEFAULT_BACKEND
    if ref is None:
        if backend not in DEFAULT_MODELS:
            hint = f"name one with --model {backend}/NAME; `llmx backend test {backend} --output json` lists them"
            raise InconclusiveError(f"no model of {backend} is configured", hint=hint)
        ref = parse(DEFAULT_MODELS[backend])
    if backend == "remote":
        backend = remote_name(ref.model, base_url)
    return Choice(backend, ref._replace(backend=backend) if ref.source == "name" else ref, reason, doubt=asks)
