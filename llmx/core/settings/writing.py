"""Settings as a person would write them: TOML values, and the example file with every key."""

import textwrap
from collections.abc import Iterable, Iterator

import tomli_w

from llmx.core.settings.keys import SETTINGS, Setting

_HEAD = """\
# Settings of llmx. Every key is here, commented out, with its default.
# Your own file is ~/.config/llmx/config.toml; a project's is llmx.toml in its folder, which may set the keys marked
# [project], and those marked [stricter] to limit more, until you trust it with `llmx trust`.
"""
_MARKS = {"inert": " [project]", "tighten": " [stricter]", "user": ""}
_SAMPLES: dict[str, object] = {
    "profile": "development",
    "llm.backend": "ollama",
    "llm.model": "qwen2.5:1.5b",
    "llm.api_base": "http://127.0.0.1:11434/v1",
    "llm.api_key": "env:OPENAI_API_KEY",
    "llm.temperature": 0.7,
    "gguf.context": 16384,
    "gguf.threads": 4,
    "gguf.gpu_layers": 0,
    "llm.max_tokens": 512,
    "llm.top_p": 0.9,
    "llm.cache_dir": "~/answers",
    "models.dir": "/data/models",
}
"""What an unset key could be."""


def example() -> str:
    """The text of ``examples/llmx.toml``, which `llmx config init` starts the user's file with."""
    sections: dict[str, list[str]] = {"": [_HEAD]}
    for setting in SETTINGS:
        section, _, name = setting.name.rpartition(".")
        blocks = sections.setdefault(section, [f"[{section}]\n"])
        blocks.append("".join(f"{line}\n" for line in _lines(setting, name)))
    return "\n".join(block for blocks in sections.values() for block in blocks)


def written(setting: Setting, value: object) -> str:
    """``value`` as TOML, short where a unit makes it so; ``None`` is no TOML and gives an empty text."""
    if value is None:
        return ""
    return tomli_w.dumps({"k": _plain(setting, value)}).removeprefix("k = ").rstrip("\n")


def nested(values: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Dotted keys as tables in tables."""
    tree: dict[str, object] = {}
    for name, value in values:
        *sections, last = name.split(".")
        table = tree
        for section in sections:
            table = table.setdefault(section, {})  # type: ignore[assignment]
        table[last] = value
    return tree


def _lines(setting: Setting, name: str) -> Iterator[str]:
    yield from textwrap.wrap(setting.help + _MARKS[setting.scope], 116, initial_indent="# ", subsequent_indent="# ")
    if setting.kind == "choice":
        yield f"# One of: {', '.join(setting.choices)}."
    if setting.default is None:
        yield "# Unset by default; for example:"
    yield f"# {name} = {written(setting, _SAMPLES.get(setting.name, setting.default))}"


def _plain(setting: Setting, value: object) -> object:
    match value:
        case tuple():
            return list(value)
        case float() if setting.kind == "duration" and value.is_integer():
            return int(value)
        case int() if setting.kind == "size":
            return _sized(value)
    return value


def _sized(size: int) -> object:
    for unit, factor in (("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return size
