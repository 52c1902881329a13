"""Everything that is wrong with the settings at once, where reading them stops at the first thing."""

from collections.abc import Iterable, Mapping

from llmx.core.plugins import load
from llmx.core.settings.documents import read_bytes
from llmx.core.settings.environment import readings
from llmx.core.settings.layers import entries_of
from llmx.errors import ConfigError


def faults_in_file(layer: str, file: str) -> list[ConfigError]:
    """What is wrong in one file; what is no TOML at all is one thing."""
    found: list[ConfigError] = []
    try:
        entries = entries_of(layer, file, found.append)
    except ConfigError as error:
        return [error]
    for entry in entries:
        try:
            entry.read()
        except ConfigError as error:
            found.append(error)
    try:
        load("llmx.core.source:read_source")(file, read_bytes(file))
    except ConfigError as error:
        found.append(error)
    return found


def faults_in_variables(env: Mapping[str, str]) -> list[ConfigError]:
    """What is wrong with the variables that stand for settings."""
    found = []
    for name in env:
        try:
            readings({name: env[name]}, [])
        except ConfigError as error:
            found.append(error)
    return found


def together(found: Iterable[ConfigError]) -> ConfigError:
    """One error for all: what there is one of stays as it is."""
    first, *others = found
    if not others:
        return first
    lines = [f"{error.message}{f' ({error.hint})' if error.hint else ''}" for error in (first, *others)]
    return ConfigError("\n  ".join([f"{len(lines)} things are wrong", *lines]), key=first.key, source=first.source)
