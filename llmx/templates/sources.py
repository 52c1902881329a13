"""Where templates come from: built in, the user's folder, a trusted project's folder, and installed packages."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmx import paths
from llmx.core.offered import entries
from llmx.core.plugins import load
from llmx.errors import ConfigError, NotFoundError, PolicyError, nearest
from llmx.templates import Template

BUILT_IN = {
    "code-generator": ("code", "Write code and its tests from a description, and check them for real in the sandbox."),
    "code-review": ("code", "Review files, a folder or a diff; findings with lines that were checked to exist."),
    "content-generation": (
        "content",
        "Write a text by a plan, and edit it until its quality passes or the rounds run out.",
    ),
    "data-analysis": (
        "analysis",
        "Analyze a table and draw a chart; numbers are computed, the model says in words what they show.",
    ),
    "document-processor": (
        "document",
        "Summarize, translate, reformat or classify documents, or list their key points; long ones in parts.",
    ),
    "file-classification": (
        "document",
        "Sort files into folders by name, content or both; every move is written down first and can be undone.",
    ),
    "interactive-chat": ("chat", "Talk with a model, once or over many turns, with a history that is kept."),
    "knowledge-management": (
        "research",
        "Keep documents in collections and ask them; answers name the lines that they stand on.",
    ),
    "research-assistant": (
        "research",
        "Research a topic in files, folders and web pages; every quote is looked up in its source.",
    ),
    "workflow-orchestrator": (
        "workflow",
        "Run a workflow: steps that ask models and run commands, tools and templates, checked before all.",
    ),
}
"""Id -> category and description, so that a list reads no file; a test compares them with the files."""

GROUP = "llmx.templates"
FOLDER = Path(__file__).parent / "builtin"
FILE = "template.toml"
PROJECT = ".llmx/templates"

FILES = {
    ".prompt.yml": "llmx.templates.formats.prompt_file:template",
    ".prompt.yaml": "llmx.templates.formats.prompt_file:template",
    "SKILL.md": "llmx.templates.formats.skill:template",
}
"""How the name of a file ends that is a template by itself -> who reads it."""


class Folder(NamedTuple):
    """The folder of one template that is not built in: the user's, or the project's."""

    path: Path
    source: str

    @property
    def counts(self) -> bool:
        """Whether it may run: the user's own may, the project's where the user has read and trusts it."""
        return self.source == "user" or bool(load("llmx.core.settings.trust:is_trusted")(str(self.path)))

    @property
    def refusal(self) -> PolicyError:
        """Why it does not run, where it does not count."""
        was_trusted = load("llmx.core.settings.trust:was_trusted")(str(self.path))
        said = "has changed since you trusted it" if was_trusted else "is not trusted"
        return PolicyError(f"{self.path} {said}, so it does not run", hint=f"read it, then: llmx trust {self.path}")


def user_folder() -> Path:
    """Where the user's own templates are."""
    return Path(paths.config_dir()) / "templates"


def project_folder() -> Path | None:
    """Where the project's templates are: the nearest from here up, and not above the home folder."""
    home = Path(paths.home())
    for folder in (here := Path.cwd(), *here.parents):
        if (folder / PROJECT).is_dir():
            return folder / PROJECT
        if folder == home:
            return None
    return None


def find(name: str) -> Template:
    """The template called ``name``, or at the path ``name`` where it is one; raises ``NotFoundError``."""
    if is_path(name):
        return _at(Path(name))
    found = [folder for folder in folders() if folder.path.name == name]
    counting = next((folder for folder in found if folder.counts), None)
    if counting is not None:
        return _own(counting)
    offered = [entry for entry in entries(GROUP) if entry.name == name]
    if offered and (name in BUILT_IN or not found):
        return _packaged(offered)
    if name in BUILT_IN:
        template: Template = _load(FOLDER / name.replace("-", "_"))
        return template
    if found:
        raise found[0].refusal
    known = [*BUILT_IN, *(folder.path.name for folder in folders())]
    near = f"./{name}" if (Path(name) / FILE).is_file() else nearest(name, known)
    hint = f"did you mean {near}?" if near else "llmx template list shows those that there are"
    raise NotFoundError(f"there is no template {name!r}", hint=hint)


def is_path(name: str) -> bool:
    """Whether ``name`` is a folder or a file, and no id."""
    return "/" in name or name.startswith(".") or name.endswith(tuple(FILES))


def folders() -> list[Folder]:
    """The folders of the user's and the project's templates, whether or not they may run."""
    project = project_folder()
    return [
        Folder(path, source)
        for parent, source in ((user_folder(), "user"), (project, "project"))
        for path in (_below(parent) if parent else ())
    ]


def packaged() -> Iterator[tuple[str, Path, str]]:
    """The templates of installed packages: id, folder and package; none of their code is run for it."""
    for entry in entries(GROUP):
        yield entry.name, _folder_of(entry), _package_of(entry)


def _at(path: Path) -> Template:
    reader = next((FILES[end] for end in FILES if path.name.endswith(end)), "")
    if reader and not path.is_dir():
        template: Template = load(reader)(path.absolute())
        return template
    return _load(path.resolve(), "path")


def _load(folder: Path, source: str = "built-in") -> Template:
    template: Template = load("llmx.templates.loading:load_template")(folder, source)
    return template


def _below(parent: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(parent) if os.path.isfile(f"{entry.path}/{FILE}"))
    except OSError:
        return []


def _own(folder: Folder) -> Template:
    template, file, name = _load(*folder), folder.path / FILE, folder.path.name
    if not folder.counts:
        raise PolicyError(f"{folder.path} has changed while it was read", hint=f"llmx trust {folder.path}")
    if template.id != name:
        raise ConfigError(f"{file}: its id is {template.id!r}, but its folder is called {name!r}")
    if name in BUILT_IN and not template.overrides:
        hint = "write override = true into it, or give it another id"
        raise ConfigError(f"{file}: {name} is a built-in template", hint=hint)
    return template


def _packaged(offered: Sequence[Any]) -> Template:  # entry points of the standard library
    """The template of an installed package; raises ``ConfigError`` for a clash that nobody has said is meant."""
    packages = [_package_of(entry) for entry in offered]
    name = offered[0].name
    if len(offered) > 1:
        said = f"template {name}: the packages {' and '.join(packages)} both offer it"
        raise ConfigError(said, hint=f"uninstall one of them: pip uninstall {packages[-1]}")
    template = _load(_folder_of(offered[0]), f"package {packages[0]}".strip())
    file = template.folder / FILE
    if template.id != name:
        raise ConfigError(f"{file}: its id is {template.id!r}, but the package offers it as {name!r}")
    if name in BUILT_IN and not template.overrides:
        said = f"{file}: the package {packages[0]} offers {name}, which is a built-in template"
        raise ConfigError(said, hint=f"its author can write override = true into it; or: pip uninstall {packages[0]}")
    return template


def _package_of(entry: Any) -> str:  # noqa: ANN401  # as above
    return str(entry.dist.name) if entry.dist else ""


def _folder_of(entry: Any) -> Path:  # noqa: ANN401  # as above
    """The folder of the module that the entry point names; only the packages above it are imported."""
    try:
        spec = load("importlib.util:find_spec")(entry.module)
    except ImportError:
        spec = None
    if spec is None or not spec.origin:
        raise ConfigError(f"template {entry.name}: the package that offers it has no module {entry.module}")
    return Path(spec.origin).parent
