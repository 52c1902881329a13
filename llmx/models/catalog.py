"""Models worth a try, by the memory they need: three small ones of Ollama's, and the presets.

What else there is, Ollama's library and the hub tell.
"""

import re
from typing import NamedTuple

from llmx.core.gguf.presets import PRESETS, Preset

_PARAMETERS = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)B(?![a-z])")


class Entry(NamedTuple):
    """One model; ``parameters`` in thousand millions, 0 where unknown; ``size`` and ``memory`` in bytes."""

    ref: str
    parameters: float
    size: int
    memory: int
    good_for: str


RECOMMENDED = (
    Entry("ollama/qwen2.5:1.5b", 1.5, 986_000_000, 2_000_000_000, "short answers on small machines"),
    Entry("ollama/llama3.2:1b", 1.2, 1_320_000_000, 2_500_000_000, "short answers, summaries"),
    Entry("ollama/phi3:mini", 3.8, 2_200_000_000, 4_000_000_000, "reasoning for its size"),
)
"""Those to begin with, on any machine."""


def _entry(preset: Preset) -> Entry:
    said = _PARAMETERS.search(preset.repo)
    size, memory = int(preset.gigabytes * 1e9), preset.memory_gb * 10**9
    return Entry(preset.ref, float(said[1]) if said else 0.0, size, memory, f"preset {preset.name}")


CATALOG = (*RECOMMENDED, *(_entry(preset) for preset in PRESETS if preset.ref))


class Offer(NamedTuple):
    """An entry, and whether this machine has the memory for it; ``is_best`` marks the largest that fits."""

    entry: Entry
    fits: bool
    is_best: bool


def offers(memory: int, *, recommended: bool = False) -> list[Offer]:
    """The catalog for a machine with ``memory`` bytes to spare: all of it, or where to begin and what fits best."""
    fitting = [entry for entry in CATALOG if entry.memory <= memory]
    best = max(fitting, key=lambda entry: (entry.size, entry.memory), default=None)
    shown = [entry for entry in CATALOG if not recommended or entry in RECOMMENDED or entry is best]
    shown.sort(key=lambda entry: entry.size)
    return [Offer(entry, entry.memory <= memory, entry is best) for entry in shown]
