"""The promises llmx has kept so far: a row each, with the tests that show it.

The five documents that llmx merges make 273 promises (ids ``S0-01`` to ``S4-…``). A promise is a row here once tests
show it; a test says which by ``@pytest.mark.promise("S0-21")``. ``test_promises.py`` checks both ways.
"""

import ast
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
IN_ALL = 273


class Row(NamedTuple):
    """One promise as it is kept; ``note`` says where and why it differs from the document's words."""

    id: str
    promise: str
    note: str = ""


def shown_by() -> dict[str, list[str]]:
    """Promise id -> the tests marked with it (``path::name``), read from the sources."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                for id in _marked(node):
                    found.setdefault(id, []).append(f"tests/{path.relative_to(TESTS)}::{node.name}")
    return found


def _marked(function: ast.FunctionDef) -> list[str]:
    ids: list[str] = []
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
            ids += [ast.literal_eval(argument) for argument in mark.args]
    return ids
