"""Change the source: entries of the user's settings file, or of the project's, which stays trusted if it was."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from llmx import paths
from llmx.core.edits import Change, Edit, Operation, edit, plan
from llmx.core.settings import Places
from llmx.core.settings.layers import parse_layer
from llmx.core.settings.sources import shown
from llmx.core.settings.trust import ProjectFile, is_trusted_file, record_path, trust
from llmx.core.source import Source, read_source
from llmx.errors import NotFoundError, UsageError


def file_of(scope: str, env: Mapping[str, str], cwd: str) -> Path:
    """The file of the ``user`` or the ``project`` scope; a project without one gets it in ``cwd``.

    Raises ``UsageError`` for a project's file that is a link: whoever made the project chose where it leads.
    """
    if scope == "user":
        return Path(paths.config_dir(env)) / "config.toml"
    file = Path(next(iter(Places(env, cwd).projects), os.path.join(cwd, "llmx.toml")))
    if file.is_symlink():
        raise UsageError(
            f"{shown(str(file))} is a symbolic link, which llmx does not follow in a project",
            hint="put a file in its place, or work in another folder",
        )
    return file


def planned(file: Path, operations: Sequence[Operation]) -> Source:
    """What the source would say after ``operations``; raises ``ConfigError`` where it would be wrong."""
    made = plan([Change(file, operations)], title="")
    data = made.files[0].after if made.files else _content(file)
    parse_layer("user", str(file), data or b"")
    return read_source(str(file), data or b"")


def write(file: Path, operations: Sequence[Operation], *, title: str, env: Mapping[str, str]) -> None:
    """Carry ``operations`` out if what comes of them is sound; a new file, or a trusted one, is trusted afterwards."""
    planned(file, operations)
    keep_trust(edit([Change(file, operations)], title=title), env)


def keep_trust(done: Edit, env: Mapping[str, str]) -> None:
    """Trust the project's file that ``done`` made or changed, where what it took the place of was trusted.

    The very bytes that were there and that were written count: whatever else somebody put there meanwhile does not.
    """
    for one in done.replaced:
        if one.file.name != "llmx.toml" or one.after is None:
            continue
        before = ProjectFile(str(one.file), one.before or b"", os.geteuid())
        if one.before is None or is_trusted_file(before, env.get("LLMX_TRUST", ""), record_path(env)):
            with suppress(UsageError, NotFoundError):  # somebody changed it since; the next command says so
                trust(str(one.file), env, sha256=sha256(one.after).hexdigest())


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None
