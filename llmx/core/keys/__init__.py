"""Keys of providers: where one is kept is said by a reference (``env:NAME``, ``file:PATH``, ``keyring:NAME``)."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from llmx.core.plugins import load
from llmx.core.settings.kinds import is_reference
from llmx.errors import ConfigError, InconclusiveError, install_hint

SERVICE = "llmx"
"""The name under which the keyring keeps llmx's keys."""


class Key(NamedTuple):
    """A key, empty where none is needed, and where it comes from."""

    value: str = ""
    source: str = ""

    def __repr__(self) -> str:
        return f"Key(source={self.source!r})"


def read(reference: str, env: Mapping[str, str] = os.environ) -> Key:
    """The key that a reference stands for; raises ``InconclusiveError`` where it is not there."""
    keeper, _, name = reference.partition(":")
    if not is_reference(reference):
        raise ConfigError("a key's place is written env:NAME, file:PATH or keyring:NAME", key="llm.api_key")
    read_it = {"env": _from_variable, "file": _from_file, "keyring": _from_keyring}[keeper]
    return checked(read_it(name, env), reference)


def checked(text: str, source: str) -> Key:
    """A key that can stand in a header; the error for one that cannot does not show it."""
    value = text.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(f"{source}: what stands there is no key: it is empty or has characters that no key has")
    return Key(value, source)


def find(variables: tuple[str, ...], env: Mapping[str, str] = os.environ) -> Key:
    """The key in the first of the variables that is set; none where none is."""
    name = next((name for name in variables if env.get(name)), None)
    return checked(env[name], f"env:{name}") if name else Key()


def _from_variable(name: str, env: Mapping[str, str]) -> str:
    if not env.get(name):
        raise InconclusiveError(f"the key is to be in {name}, which is not set", hint=f"export {name}=…")
    return env[name]


def _from_file(path: str, env: Mapping[str, str]) -> str:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            return file.read(1 << 16)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InconclusiveError(f"the key is to be in {path}: {reason}", hint="llmx config get llm.api_key") from None


def _from_keyring(name: str, env: Mapping[str, str]) -> str:
    try:
        found: str | None = load("keyring:get_password")(SERVICE, name)
    except ImportError:
        raise InconclusiveError("the keyring cannot be read here", hint=install_hint("keyring")) from None
    if found is None:
        raise InconclusiveError(f"the keyring holds no key {name!r}", hint=f"keyring set {SERVICE} {name}")
    return found
