"""Permit, deny or revoke one rule for one client: a change of the source and of the client's files in one."""

from typing import Literal

from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.core.edits import Add, Change, Operation, Remove, Unset
from llmx.core.edits.values import MISSING, look
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


def own_entries(client: Client, rule: str, where: Where, scope: Scope) -> list[Change]:
    """What takes the user's own entries for the rule out of the client's file, in every form that llmx writes."""
    changes: list[Change] = []
    for at in range(3):
        rules = Permissions(*((rule,) if place == at else () for place in range(3)))
        for entry in client.render(Source(permissions=rules), where, scope, lambda file, format: {}).entries:
            found = look(value_in(entry.file.path, entry.file.format), entry.path)
            if entry.file.format == "text" or found is MISSING:
                continue
            if entry.is_member and entry.value in found:
                changes.append(Change(entry.file.path, [Remove(entry.path, entry.value)], entry.file.format))
            elif not entry.is_member and found == entry.value:
                changes.append(Change(entry.file.path, [Unset(entry.path)], entry.file.format))
    return changes
