"""Find parts by name: the one place where a module is imported because someone asked for it by name.

``Pack`` makes that fast: one file in the user's cache holds the modules that earlier runs have needed, which costs
half of finding and reading each by itself. ``packing.py`` writes it.
"""

import _imp
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec, module_from_spec  # importlib's own names: its package costs 2 ms
from _frozen_importlib_external import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, ModuleType
    from typing import Any

    Entry = tuple[str, int, int, str, bool, int, int, int]

VERSION = 2
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

    code: "CodeType | None" = None
    module: "ModuleType | None" = None  # where it is loaded already

    def get_code(self, fullname: str) -> "CodeType | None":
        return self.code

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        return self.module

    def exec_module(self, module: "ModuleType") -> None:
        if self.module is None:
            super().exec_module(module)


class Pack:
    """A finder of Python's import system, for the modules of ours whose source is still what it was.

    ``index``: name -> source file, its time of change and size, its compiled file, whether it is a package, and where
    its code is: from which byte on, how many, and which of the codes there. ``together``: name -> the modules that are
    loaded with it, in the order in which they need one another. ``lacks``: a module was asked for that is not there, or
    not as it is now.

    The file stays open, and what is needed is read into one buffer: memory that is touched for the first time costs as
    much as copying a page.
    """

    def __init__(self, env: "Mapping[str, str]" = os.environ) -> None:
        self.file = pack_file(env)
        self.lacks = False
        self.index: dict[str, Entry] = {}
        self.together: dict[str, tuple[str, ...]] = {}
        self._buffer = bytearray()
        self._codes: dict[int, tuple[CodeType, ...]] = {}
        self._descriptor, self._identity = load("llmx.paths:open_private")(self.file)
        start = len(HEADER) + 8
        try:
            head = os.pread(self._descriptor, start, 0)
            if head.startswith(HEADER):
                found = marshal.loads(os.pread(self._descriptor, _LARGEST, int.from_bytes(head[-8:], "big")))
                self.index, self.together = found
        except (OSError, ValueError, EOFError, TypeError):  # there is none, or it was cut short
            self.lacks = True

    def code(self, name: str) -> "CodeType | None":
        """The code of a module as it is now; None where it is not there."""
        entry = self.index.get(name)
        if entry is None or not _is_unchanged(*entry[:3]):
            return None
        _, _, _, _, _, start, size, which = entry
        try:
            if start not in self._codes:
                self._codes[start] = self._read(start, size)
            return self._codes[start][which]
        except (OSError, ValueError, EOFError, TypeError, IndexError):
            return None

    def _read(self, start: int, size: int) -> "tuple[CodeType, ...]":
        facts = os.fstat(self._descriptor)
        if (facts.st_dev, facts.st_ino) != self._identity:  # closed by who cleans up, and the number used again
            raise EOFError
        buffer, self._buffer = self._buffer, bytearray()  # another thread that comes meanwhile takes an empty one
        if len(buffer) < size:
            buffer = bytearray(max(size, _USUAL))
        part = memoryview(buffer)[:size]
        if os.preadv(self._descriptor, [part], start) < size:
            raise EOFError
        codes: tuple[CodeType, ...] = marshal.loads(part)
        self._buffer = buffer
        return codes

    def find_spec(self, fullname: str, path: object = None, target: "ModuleType | None" = None) -> ModuleSpec | None:
        """What the import system asks a finder."""
        if fullname[:5] != "llmx.":
            return None
        if fullname in self.together:
            self._load(self.together.pop(fullname))
            if module := sys.modules.get(fullname):
                return self._spec(fullname, None, module)
        code = self.code(fullname)
        if code is None:
            self.lacks = True
            return None
        return self._spec(fullname, code)

    def _load(self, names: "tuple[str, ...]") -> None:
        """Load modules at once, which saves asking the import system for each; nothing where one has changed."""
        codes = [code for name in names if (code := self.code(name))]
        if len(codes) < len(names) or not sys.modules.keys().isdisjoint(names):
            return
        modules = [module_from_spec(self._spec(name, code)) for name, code in zip(names, codes, strict=True)]
        sys.modules.update(zip(names, modules, strict=True))
        try:
            for name, code, module in zip(names, codes, modules, strict=True):
                exec(code, module.__dict__)
                parent, _, child = name.rpartition(".")
                setattr(sys.modules[parent], child, module)
        except BaseException:
            for name in names:
                sys.modules.pop(name, None)
            raise

    def _spec(self, name: str, code: "CodeType | None", module: "ModuleType | None" = None) -> ModuleSpec:
        source, _, _, compiled, is_package, _, _, _ = self.index[name]
        loader = Packed(name, source)
        loader.code, loader.module = code, module
        spec = ModuleSpec(name, loader, origin=source, is_package=is_package)
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
