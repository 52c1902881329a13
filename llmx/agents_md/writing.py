"""Begin an AGENTS.md, and keep its marked section current; nothing outside of the marks is touched."""

from collections.abc import Sequence
from pathlib import Path

from llmx.agents_md import BLOCK, NAME, chain, repository
from llmx.agents_md.document import fresh, section
from llmx.agents_md.survey import Part, folders, part, survey
from llmx.core.edits import Block, Change, Edit, Set, edit, read
from llmx.errors import NotFoundError, UsageError


def begin(folder: Path, *, force: bool) -> Edit:
    """Write a new AGENTS.md into ``folder``; raises ``UsageError`` for one that is there, unless ``force``."""
    inner = folder.resolve()
    file = inner / NAME
    if file.exists() and not force:
        hint = "llmx agents-md update --add puts a section at its end; --force starts the file anew"
        raise UsageError(f"{file} exists", hint=hint)
    root = repository(inner)
    _check_inside(file, root)
    head = Change(file, [Set(("text",), fresh(part(root, inner)))], "text")
    block = Change(file, [Block(BLOCK, _current(inner, root, survey(root)))], "markdown")
    return edit([head, block], title="llmx agents-md init")


def updates(folder: Path, *, add: bool = False) -> list[Change]:
    """What brings the marked sections of the repository around ``folder`` up to date; none where no file has one.

    ``add`` puts one at the end of the nearest file, if that has none.
    """
    nearest = next(iter(chain(folder)), None)
    root = repository(folder)
    files = [place / NAME for place in folders(root) if (place / NAME).is_file()]
    found = [file for file in files if has_section(file) or (add and file == nearest)]
    parts = survey(root) if found else []
    for file in found:
        _check_inside(file, root)
    return [
        Change(file, [Block(BLOCK, _current(file.parent, root, parts))], "markdown", create=False) for file in found
    ]


def needed_updates(folder: Path, *, add: bool) -> list[Change]:
    """The same; raises ``NotFoundError`` where there is nothing to keep current."""
    changes = updates(folder, add=add)
    if changes:
        return changes
    there = next(iter(chain(folder)), None)
    if there:
        raise NotFoundError(f"{there} has no section of llmx's", hint="llmx agents-md update --add puts one at its end")
    raise NotFoundError(f"there is no {NAME} in {folder.resolve()}, nor above it", hint="llmx agents-md init")


def has_section(file: Path) -> bool:
    """Whether it has a section that llmx keeps; raises ``ConfigError`` for marks that do not go together."""
    return BLOCK in read(file, "markdown")


def _current(folder: Path, root: Path, parts: Sequence[Part]) -> str:
    """The section as it is to be in ``folder``; how to run commands stands in the topmost file only."""
    inside = folder.relative_to(root).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    below = [
        one._replace(folder=one.folder.removeprefix(prefix))
        for one in parts
        if one.folder not in (".", inside) and one.folder.startswith(prefix)
    ]
    above = [file for file in chain(folder) if file.parent != folder]
    return section(part(root, folder), below, with_usage=not any(has_section(file) for file in above))


def _check_inside(file: Path, root: Path) -> None:
    """Raise for a link that leads out of the repository: what is there is not the repository's to have edited."""
    real = file.resolve()
    if not real.is_relative_to(root):
        raise UsageError(f"{file} is a link to {real}, outside of {root}", hint="edit that file itself")
