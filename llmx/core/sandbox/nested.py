"""Look through the work tree for files that run later below its root, and for repositories that are new there.

A limit of CPU time grows with the run, so that looking costs a few hundredths of it, on a busy machine too; what a file
was before is not known here. A folder that was renamed is known by its own time; what is in it looks as old as it is.
"""

import os
import time

from llmx.core.plugins import load
from llmx.core.sandbox.sensitive import ANYWHERE, FOLDER_FLAGS, content, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmx.core.sandbox.sensitive import Report, Sensitive


LEAST, MOST = 0.004, 0.25  # seconds
SHARE = 0.03  # of the run's time
SLOW = 10.0  # times the limit, and ``MOST`` at least, may go by where disks or others keep it waiting
SKIPPED = {
    *("node_modules", ".venv", "venv", "target", "__pycache__"),
    *(".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
}
"""Installed and generated: large, and nobody's place to work in."""
BARE = frozenset(("HEAD", "objects", "refs"))
DEEPEST = 40
OFTEN = 500  # entries of one folder between two looks at the clock


def search(sensitive: "Sensitive", report: "Report", now_ns: int) -> bool:
    """Add to ``report`` what changed since the run began; False when the time was not enough."""
    known = {str(change["path"]) for change in report.changed}
    limit = min(MOST, max(LEAST, (now_ns - sensitive.started) * 1e-9 * SHARE))
    search = _Search(sensitive, limit)
    for path in search.changed():
        if path not in known and f"{sensitive.work}/{path}" not in sensitive.watched:
            report.changed.append({"path": path, "change": "changed"})
            known.add(path)
    return search.complete


class _Search:
    """Folder by folder, those near the root first. ``complete``: all of them were looked at."""

    def __init__(self, sensitive: "Sensitive", limit: float) -> None:
        self.complete = True
        self._started = sensitive.started
        self._git_folders = (f"{sensitive.work}/.git", *filter(None, (sensitive.inner,)), *sensitive.git_dirs)
        self._work = sensitive.work
        self._root = sensitive.roots[sensitive.work]
        self._limit = time.process_time() + limit
        self._deadline = time.perf_counter() + max(MOST, SLOW * limit)
        self._named = list(named(sensitive))

    def changed(self) -> "Iterator[str]":
        """Paths relative to the work tree."""
        for path in self._named:
            try:
                folder = self._open(os.path.dirname(path))
            except OSError:  # not there any more
                continue
            try:
                yield from self._all_changed(folder, os.path.basename(path), path[: path.rfind("/") + 1])
            finally:
                os.close(folder)
        waiting = [""]
        for path in waiting:
            if self._is_late():
                return
            try:
                folder = self._open(path)
            except OSError:  # closed even to its owner: the next one to look has the same difficulty
                continue
            try:
                yield from self._look(folder, path, waiting)
            finally:
                os.close(folder)

    def _open(self, path: str) -> int:
        """The folder at ``path``, reached without following a link."""
        folder = os.dup(self._root)
        for name in path.split("/") if path else ():
            try:
                inner = os.open(name, FOLDER_FLAGS, dir_fd=folder)
            finally:
                os.close(folder)
            folder = inner
        return folder

    def _look(self, folder: int, path: str, waiting: list[str]) -> "Iterator[str]":
        prefix = f"{path}/" if path else ""
        names = set()
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                names.add(name)
                if not len(names) % OFTEN and self._is_late():
                    return
                if name == ".git":
                    yield from self._repository(folder, path)
                elif name in ANYWHERE or name.endswith((".code-workspace", ".sublime-project")):
                    yield from self._all_changed(folder, name, prefix)
                elif entry.is_dir(follow_symlinks=False) and name not in SKIPPED and prefix.count("/") < DEEPEST:
                    waiting.append(prefix + name)
        if names >= BARE and path and f"{self._work}/{path}" not in self._git_folders:
            yield from (f"{prefix}{file}" for file in ("config", "HEAD") if self._is_new(folder, file))
            yield from self._all_changed(folder, "hooks", prefix)
            if any(self._is_new(folder, part) for part in BARE):
                yield from self._moved_here(folder, prefix)

    def _repository(self, folder: int, path: str) -> "Iterator[str]":
        """A repository below the root: its configuration and hooks, and itself when it is new."""
        if not path:
            return
        try:
            inside = os.open(".git", FOLDER_FLAGS, dir_fd=folder)
        except OSError:
            if self._is_new(folder, ".git") and not self._leads_to_ours(folder, path):
                yield f"{path}/.git"
            return
        try:
            if all(self._is_new(inside, name) for name in ("HEAD", "config", "refs")):
                yield f"{path}/.git"
            for name in ("config", "config.worktree", "commondir"):
                if self._is_new(inside, name):
                    yield f"{path}/.git/{name}"
            yield from self._all_changed(inside, "hooks", f"{path}/.git/")
            if self._is_new(folder, ".git"):
                yield from self._moved_here(inside, f"{path}/.git/")
        finally:
            os.close(inside)

    def _moved_here(self, inside: int, prefix: str) -> "Iterator[str]":
        """What names programs in a git folder that may have been put together earlier under another name."""
        runs_later = load("llmx.core.sandbox.command_keys:runs_later")
        differing = load("llmx.core.sandbox.git_config:differing")
        place = f"{self._work}/{prefix}"
        for name in ("config", "config.worktree"):
            text = content(inside, name)
            if text and differing(b"", text, lambda key, value: runs_later(key, value, place, self._work)) != []:
                yield prefix + name
        try:
            hooks = os.open("hooks", FOLDER_FLAGS, dir_fd=inside)
        except OSError:
            return
        try:
            yield from (f"{prefix}hooks/{name}" for name in os.listdir(hooks) if not name.endswith(".sample"))
        finally:
            os.close(hooks)

    def _leads_to_ours(self, folder: int, path: str) -> bool:
        """Whether a ``.git`` file names a git folder in this repository's, as a submodule's does: it is compared."""
        target = os.fsdecode(content(folder, ".git").removeprefix(b"gitdir: ").rstrip(b"\n"))
        try:
            place = os.path.realpath(f"{self._work}/{path}/{target}" if target[:1] != "/" else target)
        except ValueError:  # a NUL byte
            return False
        compared = [f"{ours}/{group}/" for ours in self._git_folders for group in ("modules", "worktrees")]
        return place.startswith(tuple(compared))

    def _all_changed(self, parent: int, name: str, prefix: str, depth: int = 0) -> "Iterator[str]":
        """The entry ``name`` or, of a folder, what in it is changed; examples of hooks do not count."""
        try:
            folder = os.open(name, FOLDER_FLAGS, dir_fd=parent)
        except OSError:
            if self._is_new(parent, name) and not name.endswith(".sample"):
                yield prefix + name
            return
        found = False
        try:
            for below in os.listdir(folder) if depth < DEEPEST and name != "worktrees" else ():
                if self._is_late():
                    return
                for path in self._all_changed(folder, below, f"{prefix}{name}/", depth + 1):
                    found = True
                    yield path
        finally:
            os.close(folder)
        if not found and name != "hooks" and self._is_new(parent, name):
            yield prefix + name  # renamed, or something in it removed

    def _is_late(self) -> bool:
        if time.process_time() > self._limit or time.perf_counter() > self._deadline:
            self.complete = False
        return not self.complete

    def _is_new(self, folder: int, name: str) -> bool:
        """Whether the entry was changed since the run began; a command cannot set that time back."""
        try:
            return os.lstat(name, dir_fd=folder).st_ctime_ns >= self._started
        except OSError:
            return False
