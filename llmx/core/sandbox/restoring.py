"""After the run: put back what git would run, and report every file that runs later and was changed."""

import os
import posixpath

from llmx.core.sandbox.command_keys import is_address, runs_later
from llmx.core.sandbox.git_config import Choice, assignments, differing, restored
from llmx.core.sandbox.hostile_tree import HostileTree
from llmx.core.sandbox.sensitive import CONFIGURATION, FILE, FOLDER, GIT_FOLDER, LINK, Entry, Report, Sensitive
from llmx.core.sandbox.set_aside import SetAside

Entries = dict[str, Entry]
FOLDERS = (FOLDER, GIT_FOLDER)
COMMON_OF_A_WORKTREE = b"../.."


def settle(sensitive: Sensitive, held: Entries, watched: Entries, report: Report) -> None:
    """Bring the held files from ``held`` (as they are now) to what they were, and report these and the ``watched``."""
    aside = SetAside()
    tree = HostileTree(sensitive.roots, aside)
    restorer = Restorer(sensitive, tree, aside, report)
    while tree.open_up_all([path for path, entry in held.items() if entry[0] in FOLDERS and entry[1]]):
        held, watched = sensitive.read()  # what was closed may hold more that is
    if restorer.settle_git_entry(held):
        held, watched = sensitive.read()
    restorer.settle_all(held)
    _report_watched(sensitive, watched, report)
    if restorer.has_put_back:
        report.hints.append(
            "hooks and settings of git that run programs were put back; what the command made of them is in"
            f" {aside.folder}; --write .git lets it change them"
        )


def _report_watched(sensitive: Sensitive, now: Entries, report: Report) -> None:
    was = sensitive.watched
    for path in sorted(was.keys() | now.keys()):
        before, after = was.get(path), now.get(path)
        kinds = {entry[0] for entry in (before, after) if entry}
        if kinds == {FOLDER} or (before and after and (before[0], before[2]) == (after[0], after[2])):
            continue
        report.changed.append({"path": shown(path, sensitive.work), "change": change(before, after)})


def change(before: Entry | None, after: Entry | None) -> str:
    """The report's word for what became of an entry."""
    return "added" if before is None else "removed" if after is None else "modified"


def shown(path: str, work: str) -> str:
    """``path`` as the report has it: relative to the work tree where it lies in that."""
    return path[len(work) + 1 :] if path.startswith(f"{work}/") else path


class Restorer:
    """Settles one run's differences; ``has_put_back`` tells whether anything was changed back."""

    def __init__(self, sensitive: Sensitive, tree: HostileTree, aside: SetAside, report: Report) -> None:
        self.has_put_back = False
        self._sensitive = sensitive
        self._tree = tree
        self._aside = aside
        self._report = report
        self._settled: list[str] = []

    def settle_git_entry(self, held: Entries) -> bool:
        """``.git`` itself, when it is another kind of thing than it was; says whether to read everything again."""
        path = f"{self._sensitive.work}/.git"
        was, now = self._sensitive.held.get(path), held.get(path)
        if was is None or now is None or (was[0], was[2]) == (now[0], now[2]) or self._is_allowed(path):
            if was and not now:
                self._tell(path, "removed")
                self._settled.append(path)
            return False
        try:
            kept = self._tree.take_away(path)
            if was[0] == FOLDER:
                self._tree.move_back(_pointed_to(self._sensitive.work, now), path)
            else:
                self._write(path, was)
        except OSError as error:
            self._fail(path, "modified", error)
            return False
        self._tell(path, "modified", put_back=True, kept=kept)
        return True

    def settle_all(self, held: Entries) -> None:
        was = self._sensitive.held
        for path in sorted(was.keys() | held.keys()):
            if was.get(path) != held.get(path) and not self._is_settled(path):
                try:
                    self._settle(path, was.get(path), held.get(path))
                except OSError as error:
                    self._fail(path, change(was.get(path), held.get(path)), error)
        if (new := f"{self._sensitive.work}/.git") not in was:
            self._report_new_repository(new, held)

    def _settle(self, path: str, was: Entry | None, now: Entry | None) -> None:
        kinds = {entry[0] for entry in (was, now) if entry}
        if path == f"{self._sensitive.work}/.git":
            self._settled.append(path)  # a new repository
        elif GIT_FOLDER in kinds:
            self._settle_git_folder(path, was, now)
        elif path.endswith("/hooks") and FOLDER in kinds:
            if now and now[0] != FOLDER:
                self._put_back(path, was, now)
        elif now and now[0] == CONFIGURATION:
            self._settle_configuration(path, was, now)
        elif not _is_common_of_a_worktree(path, was, now):
            self._put_back(path, was, now)

    def _settle_git_folder(self, path: str, was: Entry | None, now: Entry | None) -> None:
        """A submodule's or a worktree's: new ones and removed ones are git's business, a link in its place is not."""
        if now and now[0] != GIT_FOLDER:
            self._put_back(path, was, now)
        if not now or now[0] != GIT_FOLDER:
            self._settled.append(path)

    def _report_new_repository(self, path: str, held: Entries) -> None:
        if path in held:
            self._tell(path, "added")
        for inside, entry in sorted(held.items()):
            if inside.startswith(f"{path}/hooks/") and entry[0] != FOLDER:
                self._tell(inside, "added")
            elif entry[0] == CONFIGURATION and inside.startswith(f"{path}/"):
                content = entry[2] if isinstance(entry[2], bytes) else b""
                keys = differing(b"", content, self._choice(inside))
                if keys is None or keys:
                    self._tell(inside, "added", **_names(keys))

    def _settle_configuration(self, path: str, was: Entry | None, now: Entry) -> None:
        before, after = _bytes(was), now[2]
        if not isinstance(after, bytes):
            self._put_back(path, was, now)
            return
        choice = self._choice(path)
        before = self._configuration_before(path, before, choice)
        if elsewhere := _led_elsewhere(before, after):
            self._tell(path, "modified", **_names(elsewhere))
        keys = differing(before, after, choice)
        if keys == []:
            return
        if self._is_allowed(path):
            self._tell(path, change(was, now), **_names(keys))
            return
        text = restored(before, after, choice)
        kept = self._aside.keep(after, path)
        self._tree.write(path, text, now[1], lock=f"{os.path.basename(path)}.lock")
        rejected = [one for one in assignments(after, choice) if one not in assignments(text, choice)]
        self._aside.note(path, rejected, text, now[1])
        self._tell(path, change(was, now), put_back=True, kept=kept, **_names(keys))

    def _configuration_before(self, path: str, before: bytes, choice: Choice) -> bytes:
        """What counts as the user's: not what another run brought and has meanwhile been taken out."""
        for note in self._aside.noted(self._sensitive.started, path):
            if set(note.rejected) & set(assignments(before, choice)):
                before = note.restored or b""
        return before

    def _put_back(self, path: str, was: Entry | None, now: Entry | None) -> None:
        """Take away what is at ``path`` and put there what was."""
        if self._is_allowed(path):
            self._tell(path, change(was, now))
            return
        if was and was[0] in (FILE, CONFIGURATION):
            for note in self._aside.noted(self._sensitive.started, path):
                if was and was[2] in note.rejected:
                    was = (FILE, note.mode, note.restored) if note.restored is not None else None
            if was is None and now is None:
                return
        if was and now and {was[0], now[0]} <= {FILE, CONFIGURATION} and was[1:] == now[1:]:
            return
        fields: dict[str, object] = {}
        if now:
            fields["kept"] = self._tree.take_away(path)
        if now and now[0] == FOLDER:
            self._settled.append(path)
        if was and isinstance(was[2], tuple):
            fields["problem"] = "too large to have been kept"
        elif was:
            self._write(path, was)
        if now and isinstance(now[2], bytes) and now[0] == FILE:
            self._aside.note(path, [now[2]], _bytes(was) if was else None, was[1] if was else 0)
        self._tell(path, change(was, now), put_back=True, **fields)

    def _write(self, path: str, was: Entry) -> None:
        kind, mode, content = was
        if kind == LINK and isinstance(content, bytes):
            self._tree.link(path, content)
        elif kind in (FILE, CONFIGURATION) and isinstance(content, bytes):
            self._tree.write(path, content, mode)

    def _tell(self, path: str, change: str, **fields: object) -> None:
        self.has_put_back |= "put_back" in fields
        self._report.changed.append({"path": shown(path, self._sensitive.work), "change": change, **fields})

    def _fail(self, path: str, change: str, error: OSError) -> None:
        self._report.complete = False
        self._tell(path, change, problem=error.strerror or str(error))

    def _is_settled(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{done}/") for done in self._settled)

    def _is_allowed(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{opened}/") for opened in self._sensitive.allowed)

    def _choice(self, path: str) -> Choice:
        folder, work = os.path.dirname(path), self._sensitive.work
        return lambda key, value: runs_later(key, value, folder, work)


def _pointed_to(work: str, entry: Entry) -> str:
    """The path that a link or a ``gitdir:`` file in the place of ``.git`` leads to, as it is written."""
    content = entry[2] if isinstance(entry[2], bytes) else b""
    target = content if entry[0] == LINK else content.removeprefix(b"gitdir: ").rstrip(b"\n")
    return posixpath.normpath(posixpath.join(work, os.fsdecode(target)))


def _is_common_of_a_worktree(path: str, was: Entry | None, now: Entry | None) -> bool:
    """Whether this is the ``commondir`` that ``git worktree add`` writes."""
    if was or not now or now[0] != FILE or path.split("/")[-3::2] != ["worktrees", "commondir"]:
        return False
    return _bytes(now).rstrip(b"\n") == COMMON_OF_A_WORKTREE


def _bytes(entry: Entry | None) -> bytes:
    """The content, b"" where there is none or it was not kept."""
    return entry[2] if entry and entry[0] in (FILE, CONFIGURATION) and isinstance(entry[2], bytes) else b""


def _led_elsewhere(before: bytes, after: bytes) -> list[bytes]:
    """The addresses that remotes which were there have now: a push would go there, with all that is in the project."""
    was, now = (_addresses(text) for text in (before, after))
    remotes = {key.rpartition(b".")[0] for key, _ in was}
    return sorted({key for key, raw in now - was if key.rpartition(b".")[0] in remotes})


def _addresses(text: bytes) -> set[tuple[bytes, bytes]]:
    told = (one.partition(b"\0") for one in assignments(text, is_address))
    return {(key, raw) for key, _, raw in told}


def _names(keys: list[bytes] | None) -> dict[str, object]:
    """The report's field for the keys, none where the configuration cannot be read."""
    return {"keys": [key.decode(errors="replace") for key in keys]} if keys else {}
