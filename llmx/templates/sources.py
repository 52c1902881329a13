"""Where templates come from: built in, the user's folder, a trusted project's folder, and installed packages."""

import os
from collections.abc import Iterator
from pathlib import Path

from llmx import paths
from llmx.core.plugins import load
from llmx.errors import ConfigError, NotFoundError, nearest
from llmx.templates import Template
from llmx.templates.loading import FILE, load_template

BUILT_IN = {
    "code-review": ("code", "Review files, a folder or a diff; findings with lines that were checked to exist."),
    "interactive-chat": ("chat", "Talk with a model, once or over many turns, with a history that is kept."),
}
"""Id -> category and description, so that a list reads no file; a test compares them with the files."""

GROUP = "llmx.templates"
FOLDER = Path(__file__).parent / "builtin"


def user_folder() -> Path:
    """Where the user's own templates are."""
    return Path(paths.config_dir()) / "templates"


def find(name: str) -> Template:
    """The template called ``name``, or in the folder ``name`` where it has a slash; raises ``NotFoundError``."""
    if "/" in name or name.startswith("."):
        return load_template(Path(name).resolve(), "path")
    own = _own(name)
    if own is not None:
        return own
    if name in BUILT_IN:
        return load_template(FOLDER / name.replace("-", "_"))
    packaged = _packaged(name)
    if packaged is not None:
        return packaged
    known = [*BUILT_IN, *(path.name for path in _folders())]
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else "llmx template list shows those that there are"
    raise NotFoundError(f"there is no template {name!r}", hint=hint)


def others() -> Iterator[Template]:
    """The templates that are not built in: the user's, and those of installed packages."""
    for folder in _folders():
        template = _own(folder.name)
        if template is not None:
            yield template
    for entry in load("importlib.metadata:entry_points")(group=GROUP):
        if (template := _packaged(entry.name)) is not None:
            yield template


def _folders() -> list[Path]:
    try:
        return sorted(path for path in user_folder().iterdir() if (path / FILE).is_file())
    except OSError:
        return []


def _own(name: str) -> Template | None:
    folder = user_folder() / name
    if not (folder / FILE).is_file() or os.sep in name:
        return None
    template = load_template(folder, "user")
    if template.id != name:
        raise ConfigError(f"{folder / FILE}: its id is {template.id!r}, but its folder is called {name!r}")
    if name in BUILT_IN and not template.overrides:
        hint = "write override = true into it, or give it another id"
        raise ConfigError(f"{folder / FILE}: {name} is a built-in template", hint=hint)
    return template


def _packaged(name: str) -> Template | None:
    """A template that an installed package offers: its entry point names a module, in whose folder it is."""
    for entry in load("importlib.metadata:entry_points")(group=GROUP, name=name):
        module = entry.load()
        return load_template(Path(module.__file__).parent, f"package {entry.dist.name if entry.dist else ''}")
    return None
