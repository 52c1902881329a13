"""Which calls cost nothing, and which table prices the others: said without loading the table."""

from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

from llmx.core.usage import Target

_OWN = ("gguf", "mlx", "mock")
_SERVERS = ("ollama", "lmstudio", "llama-server", "vllm")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_free(target: Target) -> bool:
    """Whether this very machine does the work, so that nobody charges for it."""
    if target.backend in _OWN:
        return True
    host = urlsplit(target.base_url).hostname
    return target.backend in _SERVERS and host in _LOOPBACK and not target.model.endswith("-cloud")


@cache
def price_table() -> str:
    """The table of prices that is installed, and its version."""
    return f"genai-prices {version('genai-prices')}"
