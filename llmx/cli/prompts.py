"""What a prompt on the command line stands for: itself, stdin, a file, and pictures beside it."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from llmx.core.messages import Image
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError, UsageError

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
LARGEST_IMAGE = 20 << 20


def text_of(word: str) -> str:
    """The text that ``word`` stands for: stdin for ``-``, a file for ``@file``, else itself."""
    if word == "-":
        return _decoded(sys.stdin.buffer.read(), "stdin")
    return _decoded(_read(word[1:]), word[1:]) if word.startswith("@") and len(word) > 1 else word


def images_of(paths: Iterable[str]) -> list[Image]:
    """The pictures in those files; raises ``UsageError`` for what is none."""
    return [_image(path, _read(path)) for path in paths]


def schema_of(path: str) -> dict[str, Any]:
    """The JSON Schema in a file; raises ``UsageError`` for what is no JSON object."""
    try:
        schema = json.loads(_decoded(_read(path), path))
    except ValueError as error:
        raise UsageError(f"{shown(path)} is no JSON: {error}") from None
    if not isinstance(schema, dict):
        raise UsageError(f"{shown(path)} holds no JSON Schema: it is no object")
    return schema


def _image(path: str, data: bytes) -> Image:
    kind = next((kind for start, kind in _SIGNATURES if data.startswith(start)), None)
    if kind is None or len(data) > LARGEST_IMAGE:
        raise UsageError(f"{shown(path)} is no PNG, JPEG, GIF or WebP picture of up to 20 MB")
    return Image(kind, data)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        hint = "text that begins with @ goes through stdin: echo '@…' | llmx generate -"
        raise NotFoundError(f"there is no file {shown(path)}", hint=hint) from None
    except OSError as error:
        raise UsageError(f"{shown(path)} cannot be read: {error.strerror}") from None


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown(name)} is no UTF-8 text: byte {error.start} is none of it") from None
