"""Bring clients' files in step with the source: compare, show, and write all files or none.

What the source names is written; what llmx wrote before and the source names no more is taken out. An entry of the
user's own that says something else is a conflict, as is one of ours that the user changed: both are shown and stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from llmx.clients.emptying import without_emptied
from llmx.clients.ledger import WHOLE, Ledger, Owned, hash_of, ledgers, whole_files
from llmx.clients.protocol import Client, Entry, File, Kind, Loss, Reader, Scope, Where
from llmx.core.edits import Add, Change, Operation, Plan, Remove, Set, Unset, plan, read
from llmx.core.edits.places import target
from llmx.core.edits.values import MISSING, KeyPath, Value, dotted, look, plain, same, without
from llmx.core.redact import mask_text
from llmx.core.source import Source

State = Literal["same", "add", "change", "remove", "conflict"]


class Step(NamedTuple):
    """What is to become of one entry, and why where it is a conflict."""

    client: str
    kind: Kind | str
    file: Path
    place: str
    state: State
    reason: str = ""


class Prepared(NamedTuple):
    """The comparison of files with the source, and the edit that would bring them in step."""

    steps: tuple[Step, ...]
    losses: tuple[tuple[str, Loss], ...]
    changes: tuple[Change, ...]
    ledgers: frozenset[Path]
    title: str

    @property
    def conflicts(self) -> list[Step]:
        """What stays as the user has it."""
        return [step for step in self.steps if step.state == "conflict"]

    @property
    def drift(self) -> list[Step]:
        """All that is not as the source says."""
        return [step for step in self.steps if step.state != "same"]

    def plan(self, more: Sequence[Change] = ()) -> Plan:
        """The edit, ready to be carried out, with ``more`` in the same transaction."""
        return plan([*more, *self.changes], title=self.title)

    def diff(self, more: Sequence[Change] = ()) -> str:
        """A unified diff of the clients' files, secrets masked."""
        whole = self.plan(more)
        shown = Plan(whole.title, tuple(one for one in whole.files if one.name not in self.ledgers))
        return mask_text(shown.diff(), {})


def prepare(
    sources: Mapping[Scope, Source],
    clients: Iterable[Client],
    where: Where,
    *,
    overwrite: bool = False,
    kinds: frozenset[str] | None = None,
    title: str = "llmx client apply",
) -> Prepared:
    """Compare the files of ``clients`` with the sources; nothing is written. Of ``kinds`` only, where given.

    ``overwrite`` lets the source win over conflicts. Raises ``ConfigError`` for any file that does not parse.
    """
    work = _Work(where, overwrite=overwrite, kinds=kinds)
    for client in clients:
        for scope, source in sources.items():
            work.compare(client, scope, source)
    return Prepared(
        tuple(work.steps),
        tuple(work.losses),
        tuple(work.changes()),
        frozenset(ledger.place for ledger in work.ledgers.values()),
        title,
    )


class _Work:
    """The comparison under way: files are read once, and all operations of a file go together."""

    def __init__(self, where: Where, *, overwrite: bool, kinds: frozenset[str] | None) -> None:
        self.where, self.overwrite, self.kinds = where, overwrite, kinds
        self.steps: list[Step] = []
        self.losses: list[tuple[str, Loss]] = []
        self.ledgers: dict[Path, Ledger] = {}
        self.values: dict[Path, Value] = {}
        self.operations: dict[File, list[Operation]] = {}
        self.scope = ""

    def read(self, file: Path, format: str | None) -> Value:
        """The value in a file, an empty mapping where there is none or nothing in it."""
        if file not in self.values:
            self.values[file] = read(file, format) or {}
        return self.values[file]

    def ledger(self, file: Path) -> Ledger:
        """The ledger of a file."""
        return self.ledgers.setdefault(file, self.ledgers.get(file) or Ledger(file, self.where.env))

    def compare(self, client: Client, scope: Scope, source: Source) -> None:
        """All entries of one client in one scope, and what was written for it before and is wanted no more."""
        if scope == "project" and (reason := self._astray(client)):
            loss = Loss("setting", "all of it", reason)
            self.losses += [(client.name, loss)] if source != Source(source.file) else []
            return
        rendering = client.render(source, self.where, scope, self._reader(client))
        wanted = [entry for entry in rendering.entries if self.kinds is None or entry.kind in self.kinds]
        self.losses += [(client.name, loss) for loss in rendering.losses if not self.kinds or loss.kind in self.kinds]
        wanted = self._within(client, scope, wanted)
        held = self._held_back(client, wanted)
        files = dict.fromkeys([*client.files(self.where, scope), *(entry.file for entry in wanted)])
        self.scope = "user" if scope == "user" else str(target(self.where.project))
        for file in [*files, *self._left_behind(client, files)]:
            entries = [entry for entry in wanted if entry.file == file]
            self._outdated(client, file, entries)
            steps = [self._step(client, entry, held) for entry in entries if not entry.last]
            self._ordered(client, file, [entry for entry in entries if entry.last])
            self.steps += steps

    @cached_property
    def _kept(self) -> list[Ledger]:
        """The ledgers as they are; reading them takes the longest of all here."""
        return ledgers(self.where.env)

    def _left_behind(self, client: Client, files: Iterable[File]) -> list[File]:
        """Files that llmx wrote whole for the client, and that are no more among its files."""
        known = {target(file.path) for file in files}
        found = whole_files(client.name, self.scope, self._kept)
        return [File(file, "text") for file in found if file not in known]

    def _within(self, client: Client, scope: Scope, entries: list[Entry]) -> list[Entry]:
        """The entries without those that a link in a project would put elsewhere."""
        root = target(self.where.project)
        astray = [e for e in entries if scope == "project" and not target(e.file.path).is_relative_to(root)]
        reason = "is a link that leads out of the project, or below one"
        self.losses += [(client.name, Loss(e.kind, _shown(e), f"{e.file.path} {reason}")) for e in astray]
        return [entry for entry in entries if entry not in astray]

    def _astray(self, client: Client) -> str:
        """Why a file of the project is none of its own; empty where all are."""
        mine = {target(file.path) for file in client.files(self.where, "user")}
        found = [(file.path, target(file.path)) for file in client.files(self.where, "project")]
        if any(real in mine for _, real in found):  # as in the home folder: it cannot follow two sources
            return "its files of this project are the user's own files"
        outside = [path for path, real in found if not real.is_relative_to(target(self.where.project))]
        return f"{outside[0]} is a link that leads out of the project" if outside else ""

    def _reader(self, client: Client) -> Reader:
        """Gives a file's value as the user alone would have it: without what llmx wrote there for the client."""

        def read_theirs(file: Path, format: str | None) -> Value:
            value = self.read(file, format)
            for owned in self.ledger(file).owned.values():
                found = look(value, owned.path)
                if owned.client == client.name and not owned.is_member and found is not MISSING:
                    value = without(value, owned.path) if hash_of(found) == owned.value_hash else value
            return value

        return read_theirs

    def changes(self) -> list[Change]:
        """The operations of every file, and of its ledger."""
        files = [self._change(file, operations) for file, operations in self.operations.items() if operations]
        return [*files, *(change for ledger in self.ledgers.values() for change in ledger.change())]

    def _change(self, file: File, operations: list[Operation]) -> Change:
        """The operations, and the end of what llmx made around them where nothing is left in it."""
        ledger = self.ledger(file.path)
        value = self.read(file.path, file.format)
        change, gone = without_emptied(Change(file.path, operations, file.format), value, ledger.made.values())
        for path in gone:
            ledger.forget_made(path)
        return change

    def _do(self, file: File, *operations: Operation) -> None:
        self.operations.setdefault(file, []).extend(operations)

    def _held_back(self, client: Client, entries: list[Entry]) -> str:
        """The endpoint's entry that is a conflict: half an endpoint would be none, so the others wait for it."""
        states = {_shown(e): self._state(client, e)[0] for e in entries if e.kind == "endpoint"}
        return next((place for place, state in states.items() if state == "conflict"), "")

    def _step(self, client: Client, entry: Entry, held: str) -> Step:
        state, reason = self._state(client, entry)
        if held and entry.kind == "endpoint" and state in ("add", "change"):
            state, reason = "conflict", f"it goes together with {held}"
        if state in ("add", "change"):
            found = look(self.read(entry.file.path, entry.file.format), entry.path)
            self._write(client, entry, found)
            self._do(entry.file, Add(entry.path, entry.value) if entry.is_member else Set(entry.path, entry.value))
        return Step(client.name, entry.kind, entry.file.path, _shown(entry), state, reason)

    def _write(self, client: Client, entry: Entry, found: Value) -> None:
        """Note the entry as ours, with what of the user's it replaces."""
        ledger = self.ledger(entry.file.path)
        self._note_made(ledger, entry)
        owned = ledger.owns(client.name, entry)
        is_theirs = owned is None and not entry.is_member and found is not MISSING
        if owned and owned.had:
            ledger.note(client.name, entry, self.scope, owned.was, had=True)
        else:
            ledger.note(client.name, entry, self.scope, found if is_theirs else None, had=is_theirs)

    def _note_made(self, ledger: Ledger, entry: Entry) -> None:
        """Note the tables and the list that the entry is the first in."""
        value = self.read(entry.file.path, entry.file.format)
        around = [entry.path[:depth] for depth in range(1, len(entry.path) + entry.is_member)]
        for path in [] if entry.file.format == "text" else around:
            if look(value, path) is MISSING:
                ledger.note_made(path)
        if not entry.file.path.exists():
            ledger.note_made(())

    def _state(self, client: Client, entry: Entry) -> tuple[State, str]:
        value = self.read(entry.file.path, entry.file.format)
        found = look(value, entry.path)
        if entry.is_member:
            is_there = isinstance(found, list) and any(same(e, plain(entry.value), ordered=False) for e in found)
            return ("same" if is_there else "add"), ""
        if found is MISSING:
            return "add", ""
        if same(found, plain(entry.value), ordered=False):
            return "same", ""
        owned = self.ledger(entry.file.path).owns(client.name, entry)
        if self.overwrite or (owned and owned.value_hash == hash_of(found)):
            return "change", ""
        return "conflict", "you changed it since llmx wrote it" if owned else "you have another one of that name"

    def _ordered(self, client: Client, file: File, entries: list[Entry]) -> None:
        """Entries that must stand behind all others of their table, in their order."""
        states = [self._state(client, entry) for entry in entries]
        kept = [entry for entry, (state, _) in zip(entries, states, strict=True) if state != "conflict"]
        table = look(self.read(file.path, file.format), kept[0].path[:-1]) if kept else {}
        keys = [entry.path[-1] for entry in kept]
        is_in_order = isinstance(table, dict) and list(table)[-len(keys) :] == keys
        if kept and (not is_in_order or any(state in ("add", "change") for state, _ in states)):
            self._do(file, *(Unset(entry.path) for entry in kept), *(Set(entry.path, entry.value) for entry in kept))
            for entry, (state, _) in zip(entries, states, strict=True):
                if state in ("add", "change"):
                    self._write(client, entry, look(self.read(file.path, file.format), entry.path))
        moved = bool(kept) and not is_in_order
        for entry, (state, reason) in zip(entries, states, strict=True):
            shown: State = "change" if state == "same" and moved else state
            self.steps.append(Step(client.name, entry.kind, file.path, _shown(entry), shown, reason))

    def _outdated(self, client: Client, file: File, entries: list[Entry]) -> None:
        """Take out what llmx wrote for this client and the source no longer names."""
        ledger = self.ledger(file.path)
        named = {(entry.path, hash_of(entry.value) if entry.is_member else "") for entry in entries}
        for owned in ledger.owned.values():
            key = (owned.path, hash_of(owned.member) if owned.is_member else "")
            if owned.client != client.name or key in named or (self.kinds and owned.kind not in self.kinds):
                continue
            self._take_out(client, file, ledger, owned)

    def _take_out(self, client: Client, file: File, ledger: Ledger, owned: Owned) -> None:
        found = look(self.read(file.path, file.format), owned.path)
        place = _place(file.path, owned.path, owned.member if owned.is_member else MISSING)
        if owned.is_member:
            self._do(file, *([Remove(owned.path, owned.member, is_whole=True)] if isinstance(found, list) else []))
        elif found is not MISSING and hash_of(found) != owned.value_hash and not self.overwrite:
            reason = "the source names it no more, but you changed it since llmx wrote it"
            self.steps.append(Step(client.name, owned.kind, file.path, place, "conflict", reason))
            return
        elif found is not MISSING:
            self._do(file, Set(owned.path, owned.was) if owned.had else Unset(owned.path))
        ledger.forget(owned)
        self.steps.append(Step(client.name, owned.kind, file.path, place, "remove"))


def _shown(entry: Entry) -> str:
    return _place(entry.file.path, entry.path, entry.value if entry.is_member else MISSING)


def _place(file: Path, path: KeyPath, member: Value) -> str:
    if path == WHOLE:
        return str(file)
    return dotted(path) if member is MISSING else f"{dotted(path)}: {member}"
