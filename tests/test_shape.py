"""The house rules: floors, laziness, sizes and names."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "llmx").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FLOORS = {
    **dict.fromkeys(["errors", "paths"], 0),
    "core": 1,
    **dict.fromkeys(["agents", "agents_md", "clients", "documents", "exec", "knowledge"], 2),
    **dict.fromkeys(["models", "nix", "prompts", "sessions"], 2),
    "conversations": 3,
    "templates": 4,
    **dict.fromkeys(["api", "cli"], 5),
    "__main__": 6,
}
"""The part of llmx that a module belongs to -> its floor; an import only goes down."""

LARGEST_FILE, LARGEST_FUNCTION = 400, 60
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "base", "impl"}
TYPER_AND_RICH = {"typer", "rich", "click"}


def part(module):
    """``core`` for ``llmx.core.audit``; "" for ``llmx`` itself."""
    return module.split(".")[1] if "." in module else ""


def name(path):
    """The dotted name of the module at ``path``."""
    words = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def imports(tree):
    """Every module that is imported, not counting what only the type checker reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def runtime(tree):
    """The tree without its ``if TYPE_CHECKING:`` bodies."""

    class Prune(ast.NodeTransformer):
        def visit_If(self, node):
            self.generic_visit(node)
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return node.orelse
            return node

    return Prune().visit(tree)


def parsed(path):
    return ast.parse(path.read_text(), str(path))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_an_import_only_goes_down(path):
    own = part(name(path))
    for module in imports(parsed(path)):
        if not module.startswith("llmx") or not own or not part(module):
            continue
        assert part(module) == own or FLOORS[part(module)] < FLOORS[own], f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_typer_and_rich_stay_on_the_floor_of_the_command_line(path):
    if part(name(path)) != "cli":
        assert not {module.split(".")[0] for module in imports(parsed(path))} & TYPER_AND_RICH


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_stand_at_the_top(path):
    tree = runtime(parsed(path))
    if name(path) in ("llmx", "llmx.__main__"):  # the two front doors
        return
    inside = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name)
def test_files_and_functions_stay_small(path):
    assert len(path.read_text().splitlines()) <= LARGEST_FILE
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LARGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_names_say_what_a_file_is_about(path):
    assert not set(path.stem.lower().strip("_").split("_")) & BANNED_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_and_public_thing_says_what_it_is_for(path):
    tree = parsed(path)
    assert ast.get_docstring(tree), "a module's first line says what for"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_function_is_annotated(path):
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.returns is not None, f"{node.name} has no return type"
