"""Files that run later: what of git, editors, agents and shells a command has changed, seen from outside its sandbox.

They stay writable, because git, stash and checkout break otherwise; so they are read before and after. What is read is
in the hands of the command: no link is followed, nothing is waited for, and file descriptors hold the folders.
"""

import marshal
import os
import sys
import time

from llmx.core.plugins import load
from llmx.core.sandbox.workspace import inner_git_folder, is_below_any
from llmx.errors import ExecError
from llmx.paths import OTHERWISE, open_exactly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Entry = tuple[str, int, bytes | tuple[int, ...]]
"""Kind, permissions, and the content: bytes, or what tells that it changed where it is too large to be kept."""

FILE, LINK, FOLDER, OTHER = "file", "link", "folder", "other"
CONFIGURATION, GIT_FOLDER = "configuration", "git folder"  # a file and a folder that git gives a meaning of its own
KINDS = {0o100000: FILE, 0o120000: LINK, 0o040000: FOLDER}
GROUP = {FOLDER: GIT_FOLDER}
NOTHING: "dict[str, str]" = {}
DEEPEST = 12  # folders below the first; what lies deeper is taken away with the folder that is new
LARGEST = 1 << 18  # bytes of a file that is kept; no hook and no configuration is larger
MOST_WATCHED = 200  # entries of the folders that are only reported about
CROWDED = 2000  # entries; a folder with more is no folder of hooks, and is taken away as a whole
CLOCK_OF_FILES = 5 if sys.platform == "linux" else time.CLOCK_REALTIME  # CLOCK_REALTIME_COARSE, a tick behind

FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
FOLDER_FLAGS = FLAGS | os.O_DIRECTORY

GIT_FILES = ("config", "config.worktree", "commondir")
"""In a git folder: what names programs to run, and what names another folder to read that from."""
GIT_REPORTED = ("info/attributes", "rebase-merge/git-rebase-todo", "lazygit.yml")
"""Which files pass through the configuration's filters, the commands of a rebase under way, those of lazygit's keys."""

_ANYWHERE = (
    # instructions and settings of agents: read by whichever works in that folder next
    "AGENTS.md AGENTS.override.md CLAUDE.md CLAUDE.local.md GEMINI.md .cursorrules .windsurfrules .clinerules .roorules"
    " .goosehints .mcp.json mcp.json .claude .codex .cursor .gemini .agents .opencode opencode.json opencode.jsonc"
    " .windsurf .roo .continue .kiro .junie .amazonq .aider.conf.yml .rules .qwen QWEN.md .crush .crush.json crush.json"
    " CRUSH.md AGENT.md .kilocode .trae .augment .augment-guidelines .openhands .factory WARP.md"
    # editors: tasks, launchers and interpreters that start when the folder is opened
    " .vscode .idea .zed .devcontainer .devcontainer.json .vim .nvim.lua .exrc .nvimrc .vimrc .dir-locals.el"
    " .dir-locals-2.el .lvimrc .helix .lazygit.yml"
    # shells: read on entering the folder; and what is read by debuggers and interpreters that are started in it
    " .envrc .mise .mise.toml mise.toml .mise.local.toml mise.local.toml"
    " .gdbinit .lldbinit .pdbrc .Rprofile .irbrc .pryrc .ghci .ocamlinit .octaverc"
)
ANYWHERE = frozenset(_ANYWHERE.split())
_AT_THE_ROOT = (
    # what hooks that are installed already run, environments, and our own settings
    ".env .husky .githooks .pre-commit-config.yaml lefthook.yml .lefthook.yml .overcommit.yml .gitpod.yml llmx.toml"
    " lefthook-local.yml lefthook.toml lefthook.json .simple-git-hooks.json .config/mise .config/mise.toml"
    " .github/copilot-instructions.md .github/instructions .github/agents .github/hooks"
)
AT_THE_ROOT = ANYWHERE | frozenset(_AT_THE_ROOT.split())
AT_THE_ROOT_DEEPER = tuple(name for name in AT_THE_ROOT if "/" in name)
MANY = 400  # entries of the root; above, the names are asked for one by one


class Report:
    """``changed``: path, change and what was done, of each file that runs later; ``complete``: all was looked at."""

    __slots__ = ("changed", "complete", "hints")

    def __init__(self) -> None:
        self.changed: list[dict[str, object]] = []
        self.complete = True
        self.hints: list[str] = []


class Sensitive:
    """The files that run later, as they are now, before the run; ``compare`` puts back and reports after it.

    ``work``: root of the work tree. ``git_dirs``: its git folders that lie outside of it. ``allowed``: real paths that
    the caller has opened by name for writing (``--write .git``): changes there are reported and stay. ``inner``: the
    git folder in the work tree that is not its ``.git``, "" for none. ``others``: folders elsewhere that the caller has
    opened, and their git folders.
    """

    HEIR = "llmx.core.sandbox.heir:inherit"

    __slots__ = ("_groups", "allowed", "git_dirs", "held", "inner", "others", "roots", "started", "watched", "work")

    def __init__(self, work: str, git_dirs: "Iterable[str]" = (), *, allowed: "Iterable[str]" = ()) -> None:
        self.work = work
        self.git_dirs = list(git_dirs)
        self.allowed = list(allowed)
        self.others = {
            path: inner_git_folder(path) or f"{path}/.git"
            for path in self.allowed
            if os.path.isdir(path) and not is_below_any(path, (work, *git_dirs))
        }
        self.started = time.clock_gettime_ns(CLOCK_OF_FILES)
        self.open_again()
        self._groups: set[str] = set()
        self.inner = inner_git_folder(work)
        self.held, self.watched = self.read()

    def open_again(self) -> None:
        """Hold the folders that this command cannot replace; once more in a process that has nothing of its parent's.

        Raises ``ExecError`` where another one has.
        """
        self.roots: dict[str, int] = {}
        for path in (self.work, *self.git_dirs, *self.others):
            try:
                self.roots[path] = _open_folder(path)
            except OSError as error:
                raise (exchanged(path) if error.errno in OTHERWISE else error) from None

    def read(self) -> "tuple[dict[str, Entry], dict[str, Entry]]":
        """What is put back when it changes, and what is only reported: absolute path -> entry."""
        reading, root = _Reading(self._groups), self.roots[self.work]
        present = _present(root)
        if ".git" in present and add(reading.held, root, ".git", f"{self.work}/.git") == FOLDER:
            reading.git_folder(root, ".git", f"{self.work}/.git")
        if self.inner:
            reading.git_folder(root, self.inner[len(self.work) + 1 :] or ".", self.inner)
        for path in self.git_dirs:
            reading.held[path] = (FOLDER, 0, b"")
            reading.git_folder(self.roots[path], ".", path)
        for path, git in self.others.items():
            reading.git_folder(self.roots[path], git[len(path) + 1 :] or ".", git)
        for name in (*AT_THE_ROOT_DEEPER, *sorted(present & AT_THE_ROOT)):
            _read_tree(reading.watched, root, name, f"{self.work}/{name}", most=MOST_WATCHED, skipped="worktrees")
        return reading.held, reading.watched

    def compare(self, now_ns: int = 0) -> Report:
        """After the run: what it changed; put back what git would run. Nothing of the run is alive any more."""
        report = Report()
        try:
            held, watched = self.read()
            if held != self.held or watched != self.watched:
                load("llmx.core.sandbox.restoring:settle")(self, held, watched, report)
            report.complete &= load("llmx.core.sandbox.nested:search")(self, report, now_ns or time.time_ns())
        finally:
            self.close()
        return report

    def put_back(self) -> None:
        """In another process, when that which ran the command was killed, and the command with it."""
        self.open_again()
        self.compare()

    def state(self) -> bytes:
        """All that `heir` has to know, with where the user's state folder is."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "roots"}
        return marshal.dumps((values, os.environ.get("HOME"), os.environ.get("XDG_STATE_HOME")))

    def close(self) -> None:
        """Give up the descriptors; more than once does no harm."""
        while self.roots:
            os.close(self.roots.popitem()[1])


def exchanged(path: str) -> ExecError:
    """What to say of a path that is not the one any more that was looked at."""
    return ExecError(
        f"{path} was exchanged for another while the sandbox was set up",
        code="sandbox",
        hint="a command that is still running can write above it; run this one again when that has ended",
    )


def _open_folder(path: str, parent: int = -1) -> int:
    place = open_exactly(path, parent)
    try:
        return os.open(".", FOLDER_FLAGS, dir_fd=place)
    finally:
        os.close(place)


def named(sensitive: Sensitive) -> "Iterator[str]":
    """Files of the work tree, by their paths in it, that git was told to run or to read before the run.

    By hooks that are links, and by ``core.hooksPath`` and ``include.path``: they are the project's own and change with
    it, so they are only reported.
    """
    for path, (kind, _, content) in sensitive.held.items():
        folder, told = os.path.dirname(path), []
        if kind == LINK and isinstance(content, bytes):
            told = [os.path.join(folder, os.fsdecode(content))]
        elif kind == CONFIGURATION and isinstance(content, bytes) and b"path" in content.lower():
            told = list(_paths_in(os.fsdecode(content), folder, sensitive.work))
        for place in map(os.path.normpath, told):
            if place.startswith(f"{sensitive.work}/") and not place.startswith(f"{sensitive.work}/.git/"):
                yield place[len(sensitive.work) + 1 :]


def _paths_in(text: str, folder: str, work: str) -> "Iterator[str]":
    for line in text.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition("]")[2].strip().lower()
        if name in ("hookspath", "path"):
            yield os.path.join(work if name == "hookspath" else folder, value.strip().strip('"'))


def _present(root: int) -> "frozenset[str] | set[str]":
    """The names at the root of the work tree that may matter."""
    found = set()
    with os.scandir(root) as entries:
        for count, entry in enumerate(entries):
            found.add(entry.name)
            if count > MANY:
                return AT_THE_ROOT | {".git"}
    return found


class _Reading:
    """What one look at a repository finds: ``held`` is put back when it changes, ``watched`` is only reported.

    ``groups``: folders below ``modules`` that are none of git's at the first look. Submodules with a ``/`` in their
    names lie in them, also when a command has made one of these look like a git folder.
    """

    __slots__ = ("groups", "held", "watched")

    def __init__(self, groups: set[str]) -> None:
        self.held: dict[str, Entry] = {}
        self.watched: dict[str, Entry] = {}
        self.groups = groups

    def git_folder(self, parent: int, name: str, path: str) -> None:
        """A git folder, and those of its submodules and linked worktrees."""
        try:
            folder = _open_folder(name, parent)
        except OSError:  # no folder any more, or closed to its owner
            return
        try:
            names = os.listdir(folder)
            for file in GIT_FILES:
                if file in names:
                    add(self.held, folder, file, f"{path}/{file}", {FILE: CONFIGURATION} if file != "commondir" else {})
            if "hooks" in names:
                _read_tree(self.held, folder, "hooks", f"{path}/hooks", skipped=".sample")
            for file in GIT_REPORTED:
                if file.partition("/")[0] in names:
                    _read_tree(self.watched, folder, file, f"{path}/{file}")
            for group in ("modules", "worktrees"):
                if group in names and add(self.held, folder, group, f"{path}/{group}", GROUP) == FOLDER:
                    self._group(folder, group, f"{path}/{group}")
        finally:
            os.close(folder)

    def _group(self, parent: int, name: str, path: str, depth: int = 0) -> None:
        """Git folders below ``name``; a submodule's name may have slashes, so its folder may lie deeper."""
        try:
            folder = os.open(name, FOLDER_FLAGS, dir_fd=parent)
        except OSError:
            return
        try:
            for below in os.listdir(folder):
                place = f"{path}/{below}"
                if add(self.held, folder, below, place, GROUP) != FOLDER:
                    continue
                if place not in self.groups and _exists(folder, f"{below}/HEAD"):
                    self.git_folder(folder, below, place)
                elif depth < DEEPEST:
                    self.groups.add(place)
                    self._group(folder, below, place, depth + 1)
                else:
                    self.held[place] = (OTHER, 0, b"")  # so that a new one is taken away
        finally:
            os.close(folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except OSError:
        return False
    return True


def _read_tree(
    into: "dict[str, Entry]",
    parent: int,
    name: str,
    path: str,
    *,
    most: int = 1 << 20,
    skipped: str = "/",
    depth: int = 0,
) -> None:
    """The entry ``name`` and, of a folder, all in it but names that end in ``skipped``, as long as there is room."""
    kind = add(into, parent, name, path)
    if kind != FOLDER or len(into) > most or depth > DEEPEST:
        return
    try:
        folder = os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except OSError:
        return
    try:
        names = os.listdir(folder)
        if len(names) > CROWDED:
            into[path] = (OTHER, 0, b"")
            return
        for below in names:
            if not below.endswith(skipped) and len(into) <= most:
                _read_tree(into, folder, below, f"{path}/{below}", most=most, skipped=skipped, depth=depth + 1)
    finally:
        os.close(folder)


def add(into: "dict[str, Entry]", parent: int, name: str, path: str, special: "Mapping[str, str]" = NOTHING) -> str:
    """Read one entry into ``into[path]``, under its ``special`` kind if it has one; its kind, "" when there is none."""
    try:
        status = os.lstat(name, dir_fd=parent)
    except OSError:
        return ""
    kind = KINDS.get(status.st_mode & 0o170000, OTHER)
    mode = status.st_mode & 0o7777
    held: bytes | tuple[int, ...] = b""
    if kind == LINK:
        held = os.fsencode(os.readlink(name, dir_fd=parent))
    elif kind == FOLDER:
        mode = mode & 0o500 ^ 0o500  # 0 but for a folder that its owner may not list: git still runs what is in it
    elif kind == FILE:
        held = content(parent, name) if status.st_size <= LARGEST else b""
        if status.st_size > LARGEST or len(held) > LARGEST:
            held = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    into[path] = (special.get(kind, kind), mode, held)
    return kind


def content(parent: int, name: str) -> bytes:
    """What a file holds, with one byte more than is kept of any; b"" for what is none."""
    try:
        descriptor = os.open(name, FLAGS, dir_fd=parent)
    except OSError:  # unreadable for its owner; git cannot read it either, until it can
        return b""
    try:
        return os.read(descriptor, LARGEST + 1)
    except OSError:  # a folder
        return b""
    finally:
        os.close(descriptor)
