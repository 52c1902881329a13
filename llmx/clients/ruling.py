"""Permit, deny or revoke one rule for one client: a change of the source and of the client's files in one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from llmx.clients.emptying import without_emptied
from llmx.clients.ledger import Ledger
from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.core.edits import Add, Change, Operation, Remove
from llmx.core.edits.values import dotted, look
from llmx.core.source import Permissions, Source
from llmx.errors import UsageError

VERDICTS = ("allow", "ask", "deny")


def ruled(client: str, rule: str, verdict: Literal["allow", "deny", ""], source: Source) -> list[Operation]:
    """The operations on the source that give the rule that verdict for the client, or none; raises ``UsageError``."""
    for_all = [name for name in VERDICTS if rule in getattr(source.permissions, name) and name != verdict]
    if for_all:
        where = f"permissions.{for_all[0]} of {source.file}"
        raise UsageError(f"{rule!r} stands in {where}, for all clients", hint="take it out there first")
    own = source.own_permissions.get(client, Permissions())
    operations: list[Operation] = [
        Remove(("permissions", "clients", client, name), rule)
        for name in VERDICTS
        if name != verdict and rule in getattr(own, name)
    ]
    return [*operations, Add(("permissions", "clients", client, verdict), rule)] if verdict else operations


def change_of(source: Source, client: str, operations: Sequence[Operation]) -> Change:
    """The change of the source's file that ``operations`` of ``ruled`` are, without tables that they empty."""
    table = ("permissions", "clients", client)
    around = [table[:depth] for depth in range(1, 4)] + [(*table, name) for name in VERDICTS]
    file = Path(source.file)
    return without_emptied(Change(file, operations), value_in(file, "toml"), around)[0]


def own_entries(client: Client, rule: str, where: Where, scope: Scope) -> list[str]:
    """Where entries of the user's own say what the rule does, in a form that llmx writes."""
    found: dict[str, None] = {}
    for at in range(3):
        rules = Permissions(*((rule,) if place == at else () for place in range(3)))
        for entry in client.render(Source(permissions=rules), where, scope, lambda file, format: {}).entries:
            there = look(value_in(entry.file.path, entry.file.format), entry.path)
            is_there = entry.value in there if entry.is_member and isinstance(there, list) else there == entry.value
            if (
                entry.file.format != "text"
                and is_there
                and not Ledger(entry.file.path, where.env).owns(client.name, entry)
            ):
                found[f"{dotted(entry.path)} of {entry.file.path}"] = None
    return list(found)
