"""Find parts by name: the one place where a module is imported because someone asked for it by name.

``Pack`` makes that fast: one file in the user's cache holds the modules that earlier runs have needed, which costs
two fifths less than finding and reading each by itself. ``packing.py`` writes it.
"""

import _imp
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec  # importlib's own names for these: its package costs 2 ms
from _frozen_importlib_external import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, ModuleType
    from typing import Any

    Entry = tuple[str, int, int, str, bool, int, int]

VERSION = 1
HEADER = f"llmx modules {VERSION} {marshal.version} {sys.hexversion:x} {sys.flags.optimize}\n".encode()
_NAME_KEY = 0x6C6C6D78
_LARGEST = 1 << 16  # bytes of the index, of 128 modules at most
_USUAL = 1 << 15  # bytes of a module


def load(target: str) -> "Any":  # noqa: ANN401  # what it is, the name says
    """The object that ``package.module:attribute`` names.

    ``__import__`` and not ``importlib``, whose own import costs 2 ms on the way of every command.
    """
    module, _, attribute = target.partition(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def find(group: str, name: str, builtin: "Mapping[str, Any]") -> "Any":  # noqa: ANN401  # as above
    """What ``name`` means: a part of our own, or what an installed package offers under the entry points ``group``.

    ``builtin`` holds our own, or import strings for ``load``. None when nobody knows the name. Looking through the
    packages costs 45 ms, so it is done on a miss only.
    """
    if name in builtin:
        part = builtin[name]
        return load(part) if isinstance(part, str) else part
    offered = load("importlib.metadata:entry_points")(group=group, name=name)
    return next((entry.load() for entry in offered), None)


def names(group: str, builtin: "Mapping[str, Any]") -> list[str]:
    """All names that ``find`` knows, our own first."""
    offered = load("importlib.metadata:entry_points")(group=group)
    return [*builtin, *sorted({entry.name for entry in offered} - set(builtin))]


class Packed(SourceFileLoader):
    """Loads one module from the pack; all that is not its code comes from its source file, as ever."""

    code: "CodeType"

    def get_code(self, fullname: str) -> "CodeType | None":
        return self.code


class Pack:
    """A finder of Python's import system, for the modules of ours whose source is still what it was.

    ``index``: name -> source file, its time of change and size, its compiled file, whether it is a package, and where
    its code begins and how long it is. ``lacks``: a module was asked for that is not there, or not as it is now.

    The file stays open, and each module is read when it is needed, into one buffer: memory that is touched for the
    first time costs as much as copying a page.
    """

    def __init__(self, env: "Mapping[str, str]" = os.environ) -> None:
        self.file = pack_file(env)
        self.lacks = False
        self.index: dict[str, Entry] = {}
        self._buffer = bytearray()
        self._descriptor, self._identity = load("llmx.paths:open_private")(self.file)
        start = len(HEADER) + 8
        try:
            head = os.pread(self._descriptor, start, 0)
            if head.startswith(HEADER):
                self.index = marshal.loads(os.pread(self._descriptor, _LARGEST, int.from_bytes(head[-8:], "big")))
        except (OSError, ValueError, EOFError, TypeError):  # there is none, or it was cut short
            self.lacks = True

    def code(self, name: str) -> "CodeType | None":
        """The code of a module as it is now; None where it is not there."""
        entry = self.index.get(name)
        if entry is None or not _is_unchanged(*entry[:3]):
            return None
        try:
            facts = os.fstat(self._descriptor)
            if (facts.st_dev, facts.st_ino) != self._identity:  # closed by who cleans up, and the number used again
                return None
            return self._read(entry[5], entry[6])
        except (OSError, ValueError, EOFError, TypeError):
            return None

    def _read(self, start: int, size: int) -> "CodeType":
        buffer, self._buffer = self._buffer, bytearray()  # another thread that comes meanwhile takes an empty one
        if len(buffer) < size:
            buffer = bytearray(max(size, _USUAL))
        part = memoryview(buffer)[:size]
        if os.preadv(self._descriptor, [part], start) < size:
            raise EOFError
        code: CodeType = marshal.loads(part)
        self._buffer = buffer
        return code

    def find_spec(self, fullname: str, path: object = None, target: "ModuleType | None" = None) -> ModuleSpec | None:
        """What the import system asks a finder."""
        if fullname[:5] != "llmx.":
            return None
        code = self.code(fullname)
        if code is None:
            self.lacks = True
            return None
        source, _, _, compiled, is_package, _, _ = self.index[fullname]
        loader = Packed(fullname, source)
        loader.code = code
        spec = ModuleSpec(fullname, loader, origin=source, is_package=is_package)
        spec.has_location = True
        spec.cached = compiled
        if is_package:
            spec.submodule_search_locations = [source.rpartition("/")[0]]
        return spec


def _is_unchanged(source: str, changed: int, size: int) -> bool:
    try:
        facts = os.stat(source)
    except OSError:
        return False
    return facts.st_mtime_ns == changed and facts.st_size == size


def pack_file(env: "Mapping[str, str]") -> str:
    """Where this installation's modules are kept for this Python."""
    own = HEADER + os.fsencode(__file__)
    return f"{load('llmx.paths:cache_dir')(env)}/modules-{_imp.source_hash(_NAME_KEY, own).hex()}.marshal"
