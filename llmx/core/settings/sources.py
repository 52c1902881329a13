"""Where a value was written, and how that is said."""

import re
from typing import NamedTuple

from llmx.core.settings.keys import BY_NAME
from llmx.core.settings.lines import Path
from llmx.errors import ConfigError, nearest

SECTIONS = {name[:at] for name in BY_NAME for at, letter in enumerate(name) if letter == "."}
"""The sections that keys stand in, such as ``exec`` and ``exec.policy``."""


class Source(NamedTuple):
    """Where a value comes from: a layer, and in it a file's line or a variable; ``also`` are the others of a list."""

    layer: str
    file: str = ""
    line: int = 0
    variable: str = ""
    also: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """``file:line`` or the variable, as errors carry it; empty for defaults and flags."""
        return f"{self.file}:{self.line}" if self.line else self.file or self.variable

    def __str__(self) -> str:
        own = f"{self.layer} ({shown(self.place)})" if self.place else self.layer
        return ", ".join([own, *self.also])


def shown(text: str) -> str:
    """``text`` as it may be printed: a file's or a key's name must not be able to steer the terminal."""
    return text if text.isprintable() else repr(text)


def dotted(path: Path) -> str:
    """A key's path as TOML writes it."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else repr(part) for part in path)


def fault(source: Source, key: str, message: str, hint: str | None = None) -> ConfigError:
    """An error about ``key`` that stands at ``source``."""
    return ConfigError(f"{shown(source.place)}: {message}", key=key, source=source.place, hint=hint)


def near_key(word: str) -> str | None:
    """The key or section that ``word`` was probably meant to be: misspelled, or written without its section."""
    near = nearest(word.lower(), sorted({*BY_NAME, *SECTIONS}))
    if near:
        return near
    tail = nearest(word.lower().rpartition(".")[2], sorted({_tail(key) for key in BY_NAME}))
    keys = [key for key in BY_NAME if _tail(key) == tail]
    return keys[0] if len(keys) == 1 else None


def _tail(key: str) -> str:
    return key.rpartition(".")[2]
