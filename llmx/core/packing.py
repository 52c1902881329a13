"""Write the file that ``plugins.Pack`` reads: the modules of ours that runs need, compiled."""

import ast
import marshal
import os
import sys
import time
from contextlib import suppress

from llmx.core.plugins import HEADER, Pack
from llmx.paths import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from llmx.core.plugins import Entry

    Files = tuple[str, str, bool]

MOST = 128
"""Modules in one pack; more would cost every run more than they save."""

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
    """The file's bytes: a header, where the index begins, the code of one module after the other, the index."""
    index: dict[str, Entry] = {}
    start = len(HEADER) + 8
    codes = []
    for name, (source, compiled, is_package) in found:
        facts = os.stat(source)
        code = marshal.dumps(known.code(name) or bare_code(source))
        index[name] = (source, facts.st_mtime_ns, facts.st_size, compiled, is_package, start, len(code))
        codes.append(code)
        start += len(code)
    return b"".join((HEADER, start.to_bytes(8, "big"), *codes, marshal.dumps(index)))


def _files(name: str, known: Pack) -> "Files | None":
    """A module's source, its compiled file, and whether it is a package; None where it has no file."""
    if name in known.index:
        source, _, _, compiled, is_package, _, _ = known.index[name]
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
