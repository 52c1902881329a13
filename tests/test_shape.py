"""The house rules: floors, laziness, sizes and names."""

import ast
import functools
from pathlib import Path

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
    """The tree, changed to be without its ``if TYPE_CHECKING:`` bodies."""

    class Prune(ast.NodeTransformer):
        def visit_If(self, node):
            self.generic_visit(node)
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return node.orelse
            return node

    return Prune().visit(tree)


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(), str(path))


def nodes(path, *kinds):
    """What of these kinds stands anywhere in the file."""
    return [node for node in ast.walk(parsed(path)) if isinstance(node, kinds)]


def test_an_import_only_goes_down():
    for path in SOURCES:
        own = part(name(path))
        for module in imports(parsed(path)):
            if module.startswith("llmx") and own and part(module):
                goes_down = part(module) == own or FLOORS[part(module)] < FLOORS[own]
                assert goes_down, f"{name(path)} imports {module}"


def test_typer_and_rich_stay_on_the_floor_of_the_command_line():
    for path in SOURCES:
        if part(name(path)) != "cli":
            assert not {module.split(".")[0] for module in imports(parsed(path))} & TYPER_AND_RICH, path


def test_imports_stand_at_the_top():
    for path in SOURCES:
        if name(path) in ("llmx", "llmx.__main__"):  # the two front doors
            continue
        inside = [
            node.lineno
            for function in ast.walk(runtime(ast.parse(path.read_text())))
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not inside, path


def test_files_and_functions_stay_small():
    for path in [*SOURCES, *TESTS]:
        assert len(path.read_text().splitlines()) <= LARGEST_FILE, path
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LARGEST_FUNCTION, f"{path}: {node.name}"


def test_names_say_what_a_file_is_about():
    for path in SOURCES:
        assert not set(path.stem.lower().strip("_").split("_")) & BANNED_NAMES, path


def test_every_module_and_public_thing_says_what_it_is_for():
    for path in SOURCES:
        tree = parsed(path)
        assert ast.get_docstring(tree), f"{path}: a module's first line says what for"
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"


def test_every_function_is_annotated():
    for path in SOURCES:
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef):
            assert node.returns is not None, f"{path}: {node.name} has no return type"
