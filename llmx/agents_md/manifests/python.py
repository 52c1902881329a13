"""Python: tools that pyproject.toml or their own files configure, run by whatever manages the environment."""

from llmx.agents_md.manifests.command import SAFE, Command, Found, plain, tasks
from llmx.agents_md.manifests.folder import Folder, table

MANAGERS = {
    "uv.lock": ("uv sync", "uv run "),
    "poetry.lock": ("poetry install", "poetry run "),
    "pdm.lock": ("pdm install", "pdm run "),
    "Pipfile.lock": ("pipenv sync --dev", "pipenv run "),
}
FILE = "pyproject.toml"
TOOLS = (
    ("Test", "pytest", "pytest", ("pytest.ini", "conftest.py")),
    ("Lint", "ruff check", "ruff", ("ruff.toml", ".ruff.toml")),
    ("Lint", "flake8", "flake8", (".flake8",)),
    ("Format", "ruff format", "ruff", ("ruff.toml", ".ruff.toml")),
    ("Format", "black .", "black", ()),
    ("Check types", "mypy .", "mypy", ("mypy.ini", ".mypy.ini")),
    ("Check types", "pyright", "pyright", ("pyrightconfig.json",)),
)
"""Purpose, command, section below ``tool``, and files of the tool's own."""


def python(folder: Folder) -> Found:
    """What pyproject.toml and the files of tools say."""
    value = folder.toml(FILE)
    if not (value or folder.has("tox.ini", "noxfile.py", "pytest.ini", "setup.py", "requirements.txt")):
        return Found()
    set_up, run = MANAGERS.get(folder.above(*MANAGERS), ("", ""))
    tool = table(value, "tool")
    commands = [Command("Set up", line, source) for line, source in [_set_up(folder, value, set_up)] if line]
    commands += _scripts(tool, run)
    for purpose, line, section, files in TOOLS:
        own = folder.first(*files)
        if section in tool or own:
            shown = line if line != "mypy ." or not table(tool, "mypy").get("files") else "mypy"
            commands.append(Command(purpose, run + shown, own or FILE))
    commands += [Command("Test", f"{run}tox", "tox.ini")] if folder.has("tox.ini") or "tox" in tool else []
    commands += [Command("Test", f"{run}nox", "noxfile.py")] if folder.has("noxfile.py") else []
    project = table(value, "project") or table(tool, "poetry")
    return Found(tuple(commands), plain(project.get("name")), plain(project.get("description")))


def _scripts(tool: dict[str, object], run: str) -> list[Command]:
    """Those that hatch, pdm and poe keep; people type them, and not what they run."""
    found = tasks(table(tool, "pdm", "scripts"), "pdm run {}", FILE)
    found += tasks(table(tool, "poe", "tasks"), f"{run}poe {{}}", FILE)
    for name, env in table(tool, "hatch", "envs").items():
        within = "" if name == "default" else f"{name}:"
        found += tasks(table(env, "scripts"), f"hatch run {within}{{}}", FILE) if SAFE.fullmatch(name) else []
    return found


def _set_up(folder: Folder, value: dict[str, object], by_lock: str) -> tuple[str, str]:
    """The command that makes the environment, and the file that says so; a lock above this folder holds for all."""
    if by_lock:
        is_here = folder.path == folder.root or folder.has(*MANAGERS)
        return (by_lock if is_here else ""), folder.first(*MANAGERS) or FILE
    if "project" in value and "build-system" in value:
        extras = table(value, "project", "optional-dependencies")
        return ('pip install -e ".[dev]"' if "dev" in extras else "pip install -e ."), FILE
    return ("pip install -r requirements.txt", "requirements.txt") if folder.has("requirements.txt") else ("", "")
