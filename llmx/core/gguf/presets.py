"""Models by the name of their size: those of the documents that llmx merges, and newer ones by memory."""

from typing import NamedTuple

from llmx.errors import UsageError, nearest


class Preset(NamedTuple):
    """A model file on Hugging Face, of about so many ``gigabytes``; ``timeout_s`` is for MCP tools beside it."""

    name: str
    repo: str
    file: str
    gigabytes: float
    memory_gb: int
    timeout_s: int

    @property
    def ref(self) -> str:
        """As a model is named everywhere; empty for a file of one's own."""
        return f"hf:{self.repo}/{self.file}" if self.repo else ""


PRESETS = (
    Preset("pi", "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf", 1.1, 2, 30),
    Preset("small", "unsloth/Phi-4-mini-instruct-GGUF", "Phi-4-mini-instruct-Q4_K_M.gguf", 2.5, 6, 30),
    Preset(
        *("medium", "unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF", "Qwen3-Coder-30B-A3B-Instruct-UD-Q6_K_XL.gguf"),
        *(26.3, 32, 60),
    ),
    Preset("local", "", "", 0.0, 0, 45),
    Preset("memory-4g", "Qwen/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q8_0.gguf", 1.8, 4, 30),
    Preset("memory-8g", "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", 2.5, 8, 30),
    Preset("memory-16g", "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", 5.0, 16, 45),
    Preset("memory-32g", "Qwen/Qwen3-30B-A3B-GGUF", "Qwen3-30B-A3B-Q4_K_M.gguf", 18.6, 32, 60),
)
"""Repositories, names and sizes as public catalogs of 2026 state them, some with digests; for ``medium`` public notes
quote the hub's own list with 26,340,328,608 bytes. ``llmx model pull`` asks the hub itself before anything is fetched.
"""


def fits(preset: Preset, available: int) -> bool:
    """Whether a machine has the memory for it that has that many bytes to spare."""
    return bool(preset.repo) and preset.memory_gb * 900_000_000 <= available


def smaller_hint(available: int) -> str:
    """What to type where a model does not fit: the largest preset that does."""
    fitting = [preset for preset in PRESETS if fits(preset, available)]
    if not fitting:
        return "take a smaller model or a smaller quantization: llmx model presets shows some"
    best = max(fitting, key=lambda preset: preset.gigabytes)
    return f"take a smaller model, such as this one, which fits: llmx model load --preset {best.name} --pull"


def preset_of(name: str) -> Preset:
    """The preset of that name; raises ``UsageError`` with the nearest."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    names = [preset.name for preset in PRESETS]
    near = nearest(name, names)
    raise UsageError(
        f"there is no preset {name!r}", hint=f"did you mean {near}?" if near else f"they are {', '.join(names)}"
    )
