"""What kind of file some bytes are: by how they begin, and what is inside of containers; never by a name."""

import os
import re
import stat
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

PIECE = 1 << 16
"""Bytes that are read of the beginning of a file, and of its end."""

PROGRAMS = ("exe", "elf", "macho", "msi")


class Seen(NamedTuple):
    """What is known of a file's content: the extension of its kind, "" where it is not known, and its text.

    ``data`` are its first and last bytes; ``text`` is "" where it is no text.
    """

    kind: str
    text: str
    data: bytes


class _Magic(NamedTuple):
    signatures: list[tuple[str, int, re.Pattern[bytes]]]
    inside: dict[str, list[tuple[str, bytes]]]
    texts: dict[str, re.Pattern[str]]


def look(path: str) -> Seen:
    """What the file holds; raises ``OSError`` where it cannot be read or is no longer a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "no longer a file")
        head = file.read(PIECE)
        file.seek(max(len(head), found.st_size - PIECE))
        return seen(head, file.read(PIECE))


def seen(head: bytes, tail: bytes = b"") -> Seen:
    """What those bytes are."""
    kind, text, whole = _binary(head), "", head + tail
    if kind in _magic().inside:
        inside = _magic().inside[kind]
        kind = next((name for name, mark in inside if mark in whole), kind)
    if not kind:
        text = _text(head)
        kind = next((name for name, pattern in _magic().texts.items() if pattern.search(text)), "") or (text and "txt")
    return Seen(kind, text, whole)


def _binary(head: bytes) -> str:
    found = next((kind for kind, at, pattern in _magic().signatures if pattern.match(head, at)), "")
    return "" if found in PROGRAMS and b"\0" not in head else found  # a text may begin with MZ


def _text(head: bytes) -> str:
    """The text that begins so; "" for what is none. A letter that was cut at the end is left out."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    if b"\0" in head:
        return ""
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) == PIECE:
            return head[: error.start].decode("utf-8-sig")
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return "" if odd else head.decode("cp1252", "replace")


@cache
def _magic() -> _Magic:
    told = tomllib.loads((Path(__file__).parent / "magic.toml").read_text(encoding="utf-8"))
    inside = {kind: [(name, mark.encode()) for name, mark in rows] for kind, rows in told["inside"].items()}
    wide = {
        kind: [(name, mark.encode("utf-16-le")) for name, mark in rows] for kind, rows in told["inside_wide"].items()
    }
    return _Magic(
        [(kind, at, _bytes(digits)) for kind, at, digits in told["signatures"]],
        {**inside, **wide},
        {kind: re.compile(pattern) for kind, pattern in told["text"].items()},
    )


def _bytes(digits: str) -> re.Pattern[bytes]:
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return re.compile(b"".join([b"." if each == ".." else re.escape(bytes.fromhex(each)) for each in pairs]), re.DOTALL)
