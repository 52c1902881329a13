"""Keys that llmx keeps: in the system's keyring where there is one, else each in a file that only its owner can read.

``keys/NAME`` in the settings folder has the key itself, or ``keyring:NAME`` where it points to; so nobody needs to load
the keyring to find that there is nothing in it.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from typing import Any

from llmx.core.keys import SERVICE, Key, checked, read
from llmx.core.plugins import load
from llmx.errors import InconclusiveError
from llmx.paths import config_dir, make_private

IN_KEYRING = "keyring:"


def folder(env: Mapping[str, str] = os.environ) -> str:
    """Where the files are."""
    return f"{config_dir(env)}/keys"


def stored(name: str, env: Mapping[str, str] = os.environ) -> Key:
    """The key that is kept for an endpoint; none where none is. Raises ``LlmxError`` where it cannot be read."""
    text = _content(f"{folder(env)}/{name}")
    if text is None:
        return Key()
    return read(text, env) if text.startswith(IN_KEYRING) else checked(text, place(name, env))


def place(name: str, env: Mapping[str, str] = os.environ) -> str:
    """Where the key of an endpoint is kept, as a reference; empty where none is."""
    text = _content(f"{folder(env)}/{name}")
    if text is None:
        return ""
    return text if text.startswith(IN_KEYRING) else f"file:{folder(env)}/{name}"


def add(name: str, key: str, env: Mapping[str, str] = os.environ) -> str:
    """Keep the key of an endpoint and return where, as a reference; raises ``ConfigError`` for what is no key."""
    value = checked(key, f"the key for {name}").value
    keyring = usable_keyring()
    if keyring:
        keyring.set_password(SERVICE, name, value)
        value = f"{IN_KEYRING}{name}"
    make_private(folder(env))
    _write(f"{folder(env)}/{name}", f"{folder(env)}/.{name}.{secrets.token_hex(4)}", value + "\n")
    return place(name, env)


def _write(file: str, fresh: str, text: str) -> None:
    """Put ``text`` into the file by way of ``fresh``; where that fails, neither has any of it."""
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w") as opened:
            opened.write(text)
        os.replace(fresh, file)
    except OSError as error:
        os.unlink(fresh)
        raise OSError(error.errno, error.strerror, file) from error


def remove(name: str, env: Mapping[str, str] = os.environ) -> bool:
    """Forget the key of an endpoint; whether there was one."""
    was = place(name, env)
    if not was:
        return False
    if was.startswith(IN_KEYRING):
        keyring = usable_keyring()
        if keyring and keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)
    os.unlink(f"{folder(env)}/{name}")
    return True


def usable_keyring() -> Any:  # noqa: ANN401  # the module, which has no types here
    """The ``keyring`` module where it is installed and the system has something that keeps keys; else None."""
    try:
        works = load("keyring:get_keyring")().priority > 0
    except (ImportError, RuntimeError):
        return None
    return sys.modules["keyring"] if works else None


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 16).strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InconclusiveError(f"{path} cannot be read: {reason}", hint="llmx keys list") from None
