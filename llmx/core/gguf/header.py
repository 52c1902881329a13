"""Read the header of a GGUF file without its weights, in bounded time and memory whatever stands in it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Everything is little-endian. Long arrays (the
vocabulary) are walked over, not read.
"""

import mmap
import os
import stat
from struct import Struct
from struct import error as StructError  # noqa: N812  # it is a class, whatever its name looks like
from typing import Any, NamedTuple

from llmx.core.gguf.tensor_types import TENSOR_TYPES
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, NotFoundError

MOST_KEYS = 65_536
MOST_TENSORS = 262_144
MOST_DIMENSIONS = 4
MOST_ITEMS = 8_000_000
"""Texts in all arrays together; the largest vocabularies with their merges have less than a million."""
MOST_TEXT = 16 << 20
"""Bytes of text outside of arrays; chat templates are the longest."""
MOST_KEPT = 4096
"""Numbers of an array that are kept: one for each layer is as many as anybody needs."""

_COUNT, _U32 = Struct("<Q"), Struct("<I")
_SCALARS = {
    0: Struct("<B"),
    1: Struct("<b"),
    2: Struct("<H"),
    3: Struct("<h"),
    4: Struct("<I"),
    5: Struct("<i"),
    6: Struct("<f"),
    7: Struct("<?"),
    10: Struct("<Q"),
    11: Struct("<q"),
    12: Struct("<d"),
}
_TEXT, _ARRAY = 8, 9


class GGUFError(InconclusiveError):
    """A file is no GGUF file, or not a sound one."""


class Array(NamedTuple):
    """An array of the header; ``values`` are kept where they are a few numbers, texts stand in the file at ``at``."""

    length: int
    values: tuple[Any, ...] = ()
    at: int = 0


class Tensor(NamedTuple):
    """One block of weights: its shape, the number of its storage format, and where it starts in the data."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def weights(self) -> int:
        """How many numbers it holds."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def bytes(self) -> int:
        """How much of the file it takes; 0 for a format that is not known here."""
        kind = TENSOR_TYPES.get(self.type)
        return self.weights // kind.block * kind.bytes if kind else 0


class Header(NamedTuple):
    """What a GGUF file says about itself."""

    path: str
    size: int
    version: int
    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]
    data_at: int


def read_header(path: str) -> Header:
    """The header of the file at ``path``; raises ``NotFoundError`` or ``GGUFError``."""
    descriptor = _open(path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise GGUFError(f"{shown(path)} is {kind}, not a GGUF file")
        if status.st_size < 24:
            raise GGUFError(f"{shown(path)} is not a GGUF file: it has {status.st_size} bytes", hint=_HINT)
        with mmap.mmap(descriptor, status.st_size, access=mmap.ACCESS_READ) as data:
            return _Reading(path, data, status.st_size).header()
    finally:
        os.close(descriptor)


def header_beginning(name: str, beginning: bytes, size: int) -> Header | None:
    """The header of a file of ``size`` bytes of which only the beginning is here; None where more of it is needed.

    ``name`` stands in errors; raises ``GGUFError``.
    """
    try:
        return _Reading(name, beginning, size).unguarded()
    except (StructError, OverflowError):
        return None


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would be waited for
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no file {shown(path)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is none"
        raise GGUFError(f"{shown(path)} cannot be read: {reason}") from None


_HINT = "download it again: llmx model pull checks what it gets"


class _Reading:
    """A walk over the header, from its beginning to its end."""

    def __init__(self, path: str, data: mmap.mmap | bytes, size: int) -> None:
        self._path, self._data, self._size = path, data, size
        self._at = 0
        self._items = 0
        self._text = 0

    def header(self) -> Header:
        try:
            return self.unguarded()
        except (StructError, OverflowError):
            raise self._fault("the file ends inside its header") from None

    def unguarded(self) -> Header:
        """As ``header``, with the errors of a file that ends too early as they come."""
        if self._data[:4] != b"GGUF":
            what = " (an older format of llama.cpp's)" if self._data[:4] in (b"ggml", b"lmgg", b"tjgg") else ""
            raise GGUFError(f"{shown(self._path)} is not a GGUF file{what}", hint="a GGUF file begins with GGUF")
        self._at = 4
        version = self._number(_U32)
        if version not in (2, 3):
            order = " in big-endian order" if version & 0xFFFF == 0 else ""
            raise self._fault(f"it has version {version}{order}, and llmx reads versions 2 and 3")
        tensors, keys = self._number(_COUNT), self._number(_COUNT)
        self._require(keys <= MOST_KEYS, f"it claims {keys} keys")
        self._require(tensors <= MOST_TENSORS, f"it claims {tensors} tensors")
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            key = self._string()
            self._require(key not in metadata, f"the key {key[:60]!r} stands in it twice")
            metadata[key] = self._value(self._number(_U32), key)
        found = tuple(self._tensor() for _ in range(tensors))
        at = self._data_at(metadata)
        for tensor in found:
            self._check(tensor, at)
        return Header(self._path, self._size, version, metadata, found, at)

    def _number(self, kind: Struct) -> Any:  # noqa: ANN401  # as the format says
        (value,) = kind.unpack_from(self._data, self._at)
        self._at += kind.size
        return value

    def _string(self) -> str:
        length = self._number(_COUNT)
        end = self._at + length
        if len(self._data) < end <= self._size:
            raise StructError("only the beginning of the file is here")
        self._require(end <= self._size, f"it claims a text of {length} bytes")
        self._text += length
        self._require(self._text <= MOST_TEXT, f"its texts are more than {MOST_TEXT >> 20} MB")
        text = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end
        return text

    def _value(self, kind: int, key: str) -> Any:  # noqa: ANN401  # as the format says
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _TEXT:
            return self._string()
        self._require(kind == _ARRAY, f"the value of {key[:60]!r} is of the unknown kind {kind}")
        item, count = self._number(_U32), self._number(_COUNT)
        if item == _TEXT:
            at = self._at
            self._skip_strings(count, key)
            return Array(count, at=at)
        self._require(item in _SCALARS, f"the array {key[:60]!r} is of the kind {item}, which arrays cannot have")
        return self._numbers(_SCALARS[item], count, key)

    def _skip_strings(self, count: int, key: str) -> None:
        self._items += count
        self._require(
            count * _COUNT.size <= self._size - self._at and self._items <= MOST_ITEMS,
            f"the array {key[:60]!r} claims {count} texts",
        )
        unpack, data, at = _COUNT.unpack_from, self._data, self._at
        for _ in range(count):
            at += unpack(data, at)[0] + 8
        self._require(at <= self._size, f"the array {key[:60]!r} goes on past the end")
        self._at = at

    def _numbers(self, kind: Struct, count: int, key: str) -> Array:
        end = self._at + count * kind.size
        self._require(end <= self._size, f"the array {key[:60]!r} claims {count} numbers")
        values: tuple[Any, ...] = ()
        if count <= MOST_KEPT:
            values = Struct(f"<{count}{kind.format[1:]}").unpack_from(self._data, self._at)
        self._at = end
        return Array(count, values)

    def _tensor(self) -> Tensor:
        name = self._string()
        dimensions = self._number(_U32)
        self._require(dimensions <= MOST_DIMENSIONS, f"the tensor {name[:60]!r} claims {dimensions} dimensions")
        shape = tuple(self._number(_COUNT) for _ in range(dimensions))
        return Tensor(name, shape, self._number(_U32), self._number(_COUNT))

    def _data_at(self, metadata: dict[str, Any]) -> int:
        """Where the weights begin: behind the header, aligned."""
        alignment = metadata.get("general.alignment", 32)
        sound = isinstance(alignment, int) and 0 < alignment <= 1 << 20 and alignment & (alignment - 1) == 0
        self._require(sound, f"its alignment is {alignment!r:.60}")
        return -(-self._at // int(alignment)) * int(alignment)

    def _check(self, tensor: Tensor, at: int) -> None:
        kind = TENSOR_TYPES.get(tensor.type)
        fits = kind is None or not tensor.shape or tensor.shape[0] % kind.block == 0
        self._require(fits, f"the tensor {tensor.name[:60]!r} has rows that {kind and kind.name} cannot have")
        end = at + tensor.offset + tensor.bytes
        self._require(end <= self._size, f"the tensor {tensor.name[:60]!r} lies past the end: the file is cut")

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise self._fault(otherwise)

    def _fault(self, what: str) -> GGUFError:
        return GGUFError(f"{shown(self._path)} is not a sound GGUF file: {what}", hint=_HINT)
