"""How a backend gets onto this machine: commands to read and type, which llmx never runs itself."""

import sys

from llmx.errors import UsageError, install_hint, nearest


def install_commands(backend: str, platform: str = sys.platform) -> tuple[str, ...]:
    """The commands, in order; raises ``UsageError`` for a backend that needs none, or that there is not."""
    known = {
        "ollama": _OLLAMA.get(platform, _OLLAMA["linux"]),
        "gguf": (install_hint("gguf-prebuilt"),),
        "llama-cpp-python": (install_hint("gguf"),),
        "xllamacpp": (install_hint("gguf-prebuilt"),),
        "mlx": (install_hint("mlx"),),
    }
    if backend in known:
        return known[backend]
    near = nearest(backend, known)
    hint = f"did you mean {near}?" if near else f"it is one of {', '.join(known)}"
    raise UsageError(f"there is nothing to install for {backend!r}", hint=hint)


_OLLAMA = {
    "darwin": ("brew install ollama", "ollama serve"),
    "linux": (
        "curl -fsSL -o ollama-install.sh https://ollama.com/install.sh",
        "less ollama-install.sh  # read what it does",
        "sh ollama-install.sh",
        "ollama serve",
    ),
}
