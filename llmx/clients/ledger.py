"""What llmx has put into a file: the hash of each entry, so that the user's own are known from ours.

A ledger for each file lies in the state folder, and is changed in the same transaction as its file, so that undoing one
undoes the other.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from llmx import paths
from llmx.clients.protocol import Entry
from llmx.core.edits import Change, Operation, Set, Unset, read
from llmx.core.edits.places import target
from llmx.core.edits.values import KeyPath, Value, plain
from llmx.errors import ConfigError

WHOLE: KeyPath = ("text",)
"""The path of the one entry of a file that llmx writes whole."""


class Owned(NamedTuple):
    """An entry that llmx wrote: for which client and kind, where, its hash, and what it replaced, if anything.

    ``scope`` is ``user``, or the folder of the project whose source named it.
    """

    client: str
    kind: str
    path: KeyPath
    is_member: bool
    value_hash: str
    member: Value = None
    was: Value = None
    had: bool = False
    scope: str = ""


class Ledger:
    """The owned entries of one file, and what is to change about them."""

    def __init__(self, file: Path, env: Mapping[str, str]) -> None:
        self.file = file
        real = target(file)
        name = hashlib.sha256(str(real).encode()).hexdigest()[:20]
        self.place = folder(env) / f"{name}.json"
        try:
            found = read(self.place)
            self.owned = {key: _owned(row) for key, row in found.get("entries", {}).items()}
            self.made: dict[str, KeyPath] = {key: tuple(path) for key, path in found.get("made", {}).items()}
        except (AttributeError, KeyError, TypeError):
            raise ConfigError(f"{self.place} is damaged: it is no ledger of llmx", source=str(self.place)) from None
        self._operations: list[Operation] = []
        self._real = real

    def owns(self, client: str, entry: Entry) -> Owned | None:
        """The record of the entry, if llmx wrote it for that client."""
        found = self.owned.get(key_of(entry.path, entry.value if entry.is_member else None, entry.is_member))
        return found if found and found.client == client else None

    def note(self, client: str, entry: Entry, scope: str, was: Value = None, *, had: bool = False) -> None:
        """Record that llmx writes the entry, over ``was`` where something was there."""
        row: dict[str, Any] = {
            "client": client,
            "kind": entry.kind,
            "scope": scope,
            "path": list(entry.path),
            "is_member": entry.is_member,
            "value_hash": hash_of(entry.value),
        }
        if entry.is_member:
            row["member"] = plain(entry.value)
        if had:
            row |= {"was": plain(was), "had": True}
        key = key_of(entry.path, entry.value if entry.is_member else None, entry.is_member)
        self._operations.append(Set(("entries", key), row))

    def note_made(self, path: KeyPath) -> None:
        """Record that llmx makes the table or list at ``path``, or with an empty path the file itself."""
        key = json.dumps(path)
        if key not in self.made:
            self.made[key] = path
            self._operations.append(Set(("made", key), list(path)))

    def forget_made(self, path: KeyPath) -> None:
        """Record that it is gone."""
        del self.made[json.dumps(path)]
        self._operations.append(Unset(("made", json.dumps(path))))

    def forget(self, owned: Owned) -> None:
        """Record that the entry is no longer llmx's."""
        self._operations.append(Unset(("entries", key_of(owned.path, owned.member, owned.is_member))))

    def change(self) -> list[Change]:
        """What carries the notes out."""
        if not self._operations:
            return []
        head: list[Operation] = [Set(("file",), str(self._real))]
        return [Change(self.place, [*head, *self._operations], format="json", mode=0o600)]


def folder(env: Mapping[str, str]) -> Path:
    """Where the ledgers are."""
    return Path(paths.state_dir(env)) / "clients"


def ledgers(env: Mapping[str, str]) -> list[Ledger]:
    """Every ledger that can be read; a damaged one is told of where its own file is asked for."""
    found = []
    for place in sorted(folder(env).glob("*.json")):
        with suppress(ValueError, KeyError, TypeError, ConfigError):
            found.append(Ledger(Path(json.loads(place.read_bytes())["file"]), env))
    return found


def whole_files(client: str, scope: str, known: Iterable[Ledger]) -> list[Path]:
    """The files that llmx wrote whole for a client in a scope, such as prompts: no client lists them itself."""
    wanted = (client, scope, WHOLE)
    return [one.file for one in known if any((o.client, o.scope, o.path) == wanted for o in one.owned.values())]


def hash_of(value: Value) -> str:
    """The same for the same value, whatever the order of its keys."""
    text = json.dumps(plain(value), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(path: KeyPath, member: Value, is_member: bool) -> str:
    """What the ledger knows an entry by."""
    return json.dumps([*path, {"has": plain(member)}] if is_member else list(path), ensure_ascii=False, default=str)


def _owned(row: Mapping[str, Any]) -> Owned:
    return Owned(
        row["client"],
        row["kind"],
        tuple(row["path"]),
        row["is_member"],
        row["value_hash"],
        row.get("member"),
        row.get("was"),
        row.get("had", False),
        row.get("scope", ""),
    )
