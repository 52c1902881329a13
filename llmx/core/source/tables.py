"""Read the tables that tell coding agents what to do: every value checked, every error with its line."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.quantities import parse_duration
from llmx.core.redact import mask_argv, mask_text
from llmx.core.redact.names import hides
from llmx.core.settings.lines import Path, key_lines
from llmx.core.settings.sources import dotted, shown
from llmx.errors import ConfigError, nearest

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Place(NamedTuple):
    """A table of a file, and how to say where in it something is wrong."""

    file: str
    lines: Mapping[Path, int]
    path: Path

    def down(self, name: str) -> "Place":
        """The entry ``name`` of it."""
        return self._replace(path=(*self.path, name))

    def fault(self, message: str, hint: str | None = None) -> ConfigError:
        """The error that this place has."""
        line = self.lines.get(self.path)
        where = f"{self.file}:{line}" if line else self.file
        key = dotted(self.path)
        return ConfigError(f"{shown(where)}: {key}: {message}", key=key, source=where, hint=hint)


def place(file: str, text: str, section: str) -> Place:
    """The top of ``section`` in the file with that text."""
    return Place(file, key_lines(text), (section,))


def table(value: object, at: Place) -> Mapping[str, Any]:
    """``value`` as the table it must be."""
    if not isinstance(value, Mapping):
        raise at.fault("it must be a table")
    return value


def known(value: object, at: Place, names: tuple[str, ...]) -> Mapping[str, Any]:
    """A table with no other keys than ``names``."""
    found = table(value, at)
    for name in found:
        if name not in names:
            near = nearest(name, names)
            raise at.down(name).fault("there is no such key", f"did you mean {near}?" if near else None)
    return found


def text(value: object, at: Place) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise at.fault("it must be a string, and not an empty one")
    return value


def texts(value: object, at: Place) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise at.fault("it must be a list of strings")
    return tuple(value)


def truth(value: object, at: Place) -> bool:
    """A truth value."""
    if not isinstance(value, bool):
        raise at.fault("it must be true or false")
    return value


def seconds(value: object, at: Place) -> float:
    """A time: a number of seconds, or a text such as 10m."""
    try:
        found = parse_duration(value) if isinstance(value, str) else value
    except ValueError as error:
        raise at.fault(str(error)) from None
    if isinstance(found, bool) or not isinstance(found, int | float) or found <= 0:
        raise at.fault('it must be a time such as 30 or "5m"')
    return float(found)


def mapping(value: object, at: Place) -> dict[str, str]:
    """Names and texts, with references in one form: ``env:NAME`` is ``${NAME}``. A key itself is refused."""
    found = {name: _referring(item, at.down(name)) for name, item in table(value, at).items()}
    for name, item in found.items():
        if holds_key(name, item):
            raise key_itself(at.down(name), name)
    return found


def holds_key(name: str, value: str) -> bool:
    """Whether ``value`` under ``name`` looks like a key itself, and not like where one is kept."""
    bare = REFERENCE.sub("", value)
    word = bare.removeprefix("Bearer ").removeprefix("Basic ").strip()
    return bool(word) and (hides(name, word) or mask_text(bare, {}) != bare)


def args_hold_key(command: str, args: tuple[str, ...]) -> bool:
    """The same for the words of a command line."""
    words = [command, *(REFERENCE.sub("$X", word) for word in args)]
    return mask_argv(words, {}) != words


def key_itself(at: Place, name: str) -> ConfigError:
    """The error for a key in a file; it does not show it."""
    variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "MY_KEY"
    variable = variable if variable[0].isalpha() else f"KEY_{variable}"
    hint = f'keep it in a variable, and write {name} = "${{{variable}}}" here'
    return at.fault("this looks like a key itself (value not shown)", hint)


def references(value: str) -> list[str]:
    """The variables that ``value`` refers to."""
    return REFERENCE.findall(value)


def _referring(value: object, at: Place) -> str:
    if not isinstance(value, str):
        raise at.fault("it must be a string")
    keeper, colon, name = value.partition(":")
    return f"${{{name}}}" if keeper == "env" and colon and REFERENCE.fullmatch(f"${{{name}}}") else value
