"""The endpoints that llmx knows by name: where each is, how it is spoken to, and which variable holds its key."""

from typing import NamedTuple
from urllib.parse import urlsplit

from llmx.errors import UsageError, nearest


class Endpoint(NamedTuple):
    """A base URL, the wire format spoken there, and the variables that its key is looked for in.

    Without variables it is a server of the user's own, which needs no key; ``server`` is the command that starts it.
    Where ``asks_usage`` is false, usage comes unasked, and asking for it would be refused.
    """

    name: str
    base_url: str
    wire: str
    variables: tuple[str, ...] = ()
    server: str = ""
    asks_usage: bool = True

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this very machine."""
        host = urlsplit(self.base_url).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def key_name(self) -> str:
        """The name under which its key is kept: a provider's two formats share one."""
        return self.name.removesuffix("-responses")

    @property
    def is_home(self) -> bool:
        """Whether the URL is still that of the provider whose name it has."""
        home, here = urlsplit(ENDPOINTS[self.name].base_url), urlsplit(self.base_url)
        return (home.scheme, home.netloc) == (here.scheme, here.netloc)


_KNOWN = (
    Endpoint("openai", "https://api.openai.com/v1", "openai-chat", ("OPENAI_API_KEY",)),
    Endpoint("openai-responses", "https://api.openai.com/v1", "openai-responses", ("OPENAI_API_KEY",)),
    Endpoint("anthropic", "https://api.anthropic.com", "anthropic", ("ANTHROPIC_API_KEY",)),
    Endpoint("groq", "https://api.groq.com/openai/v1", "openai-chat", ("GROQ_API_KEY",)),
    Endpoint("openrouter", "https://openrouter.ai/api/v1", "openai-chat", ("OPENROUTER_API_KEY",)),
    Endpoint("mistral", "https://api.mistral.ai/v1", "openai-chat", ("MISTRAL_API_KEY",), asks_usage=False),
    Endpoint("together", "https://api.together.xyz/v1", "openai-chat", ("TOGETHER_API_KEY",)),
    Endpoint("deepseek", "https://api.deepseek.com/v1", "openai-chat", ("DEEPSEEK_API_KEY",)),
    Endpoint(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "openai-chat",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
    Endpoint("huggingface", "https://router.huggingface.co/v1", "openai-chat", ("HF_TOKEN",)),
    Endpoint("vllm", "http://127.0.0.1:8000/v1", "openai-chat", server="vllm serve"),
    Endpoint("llama-server", "http://127.0.0.1:8080/v1", "openai-chat", server="llama-server"),
    Endpoint("lmstudio", "http://127.0.0.1:1234/v1", "openai-chat", server="lms server start"),
    Endpoint("ollama", "http://127.0.0.1:11434", "ollama", server="ollama serve"),
)

ENDPOINTS = {endpoint.name: endpoint for endpoint in _KNOWN}
ALIASES = {"local": "ollama", "candle": "gguf", "llama": "gguf", "llamacpp": "gguf"}
"""Older names of backends, and what they are called here."""

OTHERS = ("mock", "remote", "gguf", "mlx")
"""Backends without an endpoint of their own; ``remote`` is one of two, see ``remote_name``."""

NAMES = (*ENDPOINTS, *OTHERS)
"""Every backend and endpoint that can be named."""


def is_known(word: str) -> bool:
    """Whether ``word`` names a backend or an endpoint."""
    return word in ENDPOINTS or word in OTHERS or word in ALIASES


def canonical(word: str) -> str:
    """The name that a known word stands for."""
    return ALIASES.get(word, word)


def unknown(word: str) -> UsageError:
    """The error for a backend that there is not: the nearest that there is, and all of them."""
    near = nearest(word.lower(), NAMES)
    hint = f"did you mean {near}? " if near else ""
    return UsageError(f"there is no backend {word!r}", hint=f"{hint}the backends are {', '.join(sorted(NAMES))}")


def remote_name(model: str, base_url: str) -> str:
    """Which endpoint ``remote`` means: Anthropic where the model or the URL says so, else OpenAI."""
    host = urlsplit(base_url).hostname or ""
    return "anthropic" if model.startswith("claude") or "anthropic" in host else "openai"


def ollama_url(host: str) -> str:
    """The base URL that ``OLLAMA_HOST`` means: an address, a host with or without a port, or a URL."""
    url = urlsplit(host if "//" in host else f"http://{host}")
    name = url.hostname or "127.0.0.1"
    name = "127.0.0.1" if name in ("0.0.0.0", "::") else f"[{name}]" if ":" in name else name
    port = url.port or {"https": 443, "http": 80}.get(url.scheme if "//" in host else "", 11434)
    return f"{url.scheme}://{name}:{port}{url.path.rstrip('/')}"
