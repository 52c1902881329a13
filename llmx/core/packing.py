"""Write the file that ``plugins.Pack`` reads: the modules of ours that runs need, compiled."""

import ast
import dis
import marshal
import os
import sys
import time
from contextlib import suppress

from llmx.core.plugins import HEADER, Pack
from llmx.paths import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from llmx.core.plugins import Entry

    Files = tuple[str, str, bool]

MOST = 128
"""Modules in one pack; more would cost every run more than they save."""

TOGETHER = (
    ("llmx.exec", "llmx.exec.capture", "llmx.core.process.transfer", "llmx.exec.result"),
    ("llmx.exec.confinement", "llmx.core.sandbox.bubblewrap", "llmx.core.sandbox.nested"),
)
"""What every run needs, and every one in a sandbox: the first is what is asked for, the others are loaded with it, and
what they import as well."""

DOOR = frozenset(("llmx.__main__", "llmx.core", "llmx.core.plugins", "llmx.paths"))
"""Loaded before the pack can be."""

DISUSED = 30 * 86400  # seconds after which what another installation or Python has left is removed
SANDBOX_MARKER = "/run/llmx/sandbox"  # inherited.MARKER, without its module


def write(pack: Pack) -> None:
    """Keep what this run has loaded, and what was known before, where a file of the user's own can be written."""
    if os.path.exists(SANDBOX_MARKER):  # what is written in there is soon gone
        return
    names = sorted(name for name in {*pack.index, *sys.modules} if name.startswith("llmx."))
    found = [(name, files) for name in names if (files := _files(name, pack))][:MOST]
    if all(pack.code(name) for name, _ in found):
        return
    with suppress(OSError):
        if write_private(pack.file, packed(found, pack)):
            _remove_disused(pack.file)


def packed(found: "list[tuple[str, Files]]", known: Pack) -> bytes:
    """The file's bytes: a header, where the index begins, the codes, and the index with what is loaded together."""
    codes = {name: known.code(name) or bare_code(files[0]) for name, files in found}
    together = _groups(codes)
    placed = {member for members in together.values() for member in members}
    places: dict[str, tuple[int, int, int]] = {}
    parts = [HEADER, b""]
    start = len(HEADER) + 8
    for members in [*together.values(), *((name,) for name in codes if name not in placed)]:
        parts.append(marshal.dumps(tuple(codes[name] for name in members)))
        places |= {name: (start, len(parts[-1]), which) for which, name in enumerate(members)}
        start += len(parts[-1])
    parts[1] = start.to_bytes(8, "big")
    return b"".join((*parts, marshal.dumps((_index(found, places), together))))


def _index(found: "list[tuple[str, Files]]", places: "dict[str, tuple[int, int, int]]") -> "dict[str, Entry]":
    index: dict[str, Entry] = {}
    for name, (source, compiled, is_package) in found:
        facts = os.stat(source)
        index[name] = (source, facts.st_mtime_ns, facts.st_size, compiled, is_package, *places[name])
    return index


def _groups(codes: "dict[str, CodeType]") -> "dict[str, tuple[str, ...]]":
    """What is asked for -> what is loaded with it, each module after those that it imports."""
    done: dict[str, None] = dict.fromkeys(DOOR)
    groups = {}
    for names in TOGETHER:
        before = len(done)
        for name in names if names[0] in codes else ():
            _visit(name, codes, done, set(done))
        groups[names[0]] = tuple(done)[before:]
    return {name: members for name, members in groups.items() if members}


def _visit(name: str, codes: "dict[str, CodeType]", done: "dict[str, None]", begun: set[str]) -> None:
    if name in begun or name not in codes:
        return
    begun.add(name)
    for needed in (name.rpartition(".")[0], *_imported(codes[name])):
        _visit(needed, codes, done, begun)
    done[name] = None


def _imported(code: "CodeType") -> "Iterator[str]":
    """What a module imports when it is loaded."""
    package = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            package = str(instruction.argval)
            yield package
        elif instruction.opname == "IMPORT_FROM":
            yield f"{package}.{instruction.argval}"


def _files(name: str, known: Pack) -> "Files | None":
    """A module's source, its compiled file, and whether it is a package; None where it has no file."""
    if name in known.index:
        source, _, _, compiled, is_package, _, _, _ = known.index[name]
    else:
        spec = sys.modules[name].__spec__
        if spec is None:
            return None
        source, compiled = spec.origin or "", spec.cached or ""
        is_package = spec.submodule_search_locations is not None
    return (source, compiled, is_package) if os.path.isfile(source) else None


def bare_code(source: str) -> "CodeType":
    """The module's code without docstrings, columns, and what is for type checkers only: a fifth of its loading."""
    with open(source, "rb") as opened:
        tree = _Untyped().visit(ast.parse(opened.read(), source))
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.end_lineno, node.col_offset, node.end_col_offset = node.lineno, -1, -1
    code: CodeType = compile(tree, source, "exec", dont_inherit=True, optimize=2)
    return code


class _Untyped(ast.NodeTransformer):
    """Leaves out ``if TYPE_CHECKING:`` and what functions say of their arguments and results.

    Those of classes stay: they are the fields of some.
    """

    def visit_If(self, node: ast.If) -> "ast.AST | list[ast.stmt]":
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse or ast.copy_location(ast.Pass(), node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


def _remove_disused(own: str) -> None:
    """Remove the packs of other installations and Pythons that nobody has written for long."""
    for entry in os.scandir(os.path.dirname(own)):
        is_other = entry.name.startswith("modules-") and entry.path != own
        if is_other and time.time() - entry.stat(follow_symlinks=False).st_mtime > DISUSED:
            os.unlink(entry.path)
