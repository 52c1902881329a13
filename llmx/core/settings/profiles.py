"""Profiles: named sets of settings that stand between the defaults and the files."""

import os
from typing import NamedTuple

from llmx.core.settings.documents import decode, parse, read_bytes
from llmx.core.settings.keys import PROFILES
from llmx.core.settings.layers import Layer, read_layer
from llmx.errors import ConfigError, nearest

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "data", "profiles")


class Profile(NamedTuple):
    """A profile and what it is for, in one line."""

    name: str
    description: str


def read_profile(name: str, said_by: str = "") -> Layer:
    """The layer of a profile; ``said_by`` is where its name was written. Raises ``ConfigError`` for an unknown one."""
    if name not in PROFILES:
        near = nearest(name, PROFILES)
        hint = f"did you mean {near}?" if near else f"the profiles are {', '.join(PROFILES)}"
        raise ConfigError(f"there is no profile {name!r}", key="profile", source=said_by, hint=hint)
    return read_layer("profile", _file(name))


def profiles() -> list[Profile]:
    """Every profile."""
    return [Profile(name, _description(_file(name))) for name in PROFILES]


def _file(name: str) -> str:
    return os.path.join(FOLDER, f"{name}.toml")


def _description(file: str) -> str:
    return str(parse(file, decode(file, read_bytes(file)))["description"])
