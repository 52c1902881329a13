"""``llmx client show`` and ``render``: what a client has, and what it would get."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.clients.ledger import WHOLE, Ledger, ledgers, whole_files
from llmx.clients.protocol import Client, Entry, File, Loss, Scope, Where
from llmx.clients.reading import SCOPES, value_in
from llmx.core.edits import Add, Change, Set, plan
from llmx.core.edits.values import dotted
from llmx.core.jsonline import dumps
from llmx.core.redact import mask_text
from llmx.core.source import Source


def show(client: Client, where: Where, output: Output) -> None:
    """Print the servers in a client's files, and the entries that llmx wrote."""
    files: list[dict[str, Any]] = []
    kept = ledgers(where.env)
    for scope in SCOPES:
        owner = "user" if scope == "user" else str(where.project.resolve())
        whole = [File(file, "text") for file in whole_files(client.name, owner, kept)]
        for place, file in enumerate(dict.fromkeys([*client.files(where, scope), *whole])):
            own = Ledger(file.path, where.env).owned.values()
            held = client.servers(where, scope, value_in) if place == 0 and file.path.exists() else []
            files.append(
                {
                    "scope": scope,
                    "path": str(file.path),
                    "exists": file.path.exists(),
                    "servers": [
                        {"name": server.name, "enabled": server.enabled, "fault": server.fault} for server in held
                    ],
                    "managed": [
                        "all of it"
                        if owned.path == WHOLE
                        else dotted(owned.path) + (f": {owned.member}" if owned.is_member else "")
                        for owned in own
                        if owned.client == client.name
                    ],
                }
            )
    if output == Output.json:
        print(dumps({"name": client.name, "title": client.title, "files": files}))
        return
    for row in files:
        print(f"{row['scope']:<8} {'' if row['exists'] else '(none) '}{row['path']}")
        for server in row["servers"]:
            said = server["fault"] or ("" if server["enabled"] else "off")
            print(f"  server   {server['name']}{f'  ({said})' if said else ''}")
        for entry in row["managed"]:
            print(f"  llmx's   {entry}")


def render(client: Client, sources: Mapping[Scope, Source], where: Where, output: Output) -> None:
    """Print what the source comes to in new files."""
    texts: dict[str, str] = {}
    losses: list[Loss] = []
    for scope, source in sources.items():
        rendering = client.render(source, where, scope, lambda file, format: {})
        losses += rendering.losses
        texts |= _texts(rendering.entries)
    if output == Output.json:
        rows = [{"path": path, "text": text} for path, text in texts.items()]
        print(dumps({"name": client.name, "files": rows, "losses": [loss._asdict() for loss in losses]}))
        return
    for path, text in texts.items():
        print(f"# {path}" if len(texts) > 1 else "", end="\n" if len(texts) > 1 else "")
        print(text, end="" if text.endswith("\n") else "\n")
    for loss in losses:
        note(f"{client.name} is not told {loss.kind} {loss.what}: {loss.reason}")


def _texts(entries: tuple[Entry, ...]) -> dict[str, str]:
    """The text of each file if it were new."""
    texts = {}
    for file in dict.fromkeys(entry.file for entry in entries):
        own = [entry for entry in entries if entry.file == file]
        steps = [Add(e.path, e.value) if e.is_member else Set(e.path, e.value) for e in own]
        nowhere = Path("/nonexistent") / file.path.name
        after = plan([Change(nowhere, steps, file.format)], title="").files[0].after or b""
        texts[str(file.path)] = mask_text(after.decode(), {})
    return texts
