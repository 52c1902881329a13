"""The TOML document in a settings file's bytes, with errors that say where."""

import os
import re
import stat
import tomllib

from llmx.core.settings.sources import shown
from llmx.errors import ConfigError, NotFoundError

LARGEST = 1 << 20
"""What is larger is no settings file."""


class MissingFileError(ConfigError):
    """There is no file of the name that was given."""

    exit_code = NotFoundError.exit_code


def read_bytes(file: str) -> bytes:
    """The bytes of a settings file that the user named or keeps; raises ``ConfigError``."""
    try:
        with open(file, "rb", opener=_open_without_waiting) as opened:
            if stat.S_ISFIFO(os.fstat(opened.fileno()).st_mode):
                raise ValueError("it is a pipe, and what comes from one cannot be read again")
            return opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        kind = MissingFileError if isinstance(error, FileNotFoundError) else ConfigError
        raise kind(f"cannot read the settings file {shown(file)}: {reason}", source=file) from None


def _open_without_waiting(file: str, flags: int) -> int:
    """A pipe in the place of a file must not hold the program up."""
    return os.open(file, flags | os.O_NONBLOCK)


def decode(file: str, data: bytes) -> str:
    """The text of a settings file, without a byte order mark; raises ``ConfigError``."""
    if len(data) > LARGEST:
        raise ConfigError(f"{shown(file)} is no settings file: it is larger than {LARGEST >> 20} MiB", source=file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{shown(file)}:{line}: this is not UTF-8", source=f"{file}:{line}") from None


def parse(file: str, text: str) -> dict[str, object]:
    """The document; raises ``ConfigError`` with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, line, column = _place(str(error), text)
        raise ConfigError(f"{shown(file)}:{line}:{column}: {reason}", source=f"{file}:{line}") from None
    except RecursionError:
        raise ConfigError(f"{shown(file)}: it is nested too deeply", source=file) from None
    except ValueError:  # Python refuses to read a number of thousands of digits
        raise ConfigError(f"{shown(file)}: a number in it is too long", source=file) from None


def _place(message: str, text: str) -> tuple[str, int, int]:
    """What tomllib says, its line and its column."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        return message[: found.start()], int(found[1]), int(found[2])
    before, _, last = text.rstrip("\n").rpartition("\n")
    return message.removesuffix(" (at end of document)"), before.count("\n") + 1 + bool(before), len(last) + 1
