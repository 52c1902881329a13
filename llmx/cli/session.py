"""``llmx session``: conversations that are kept."""

import json
import shlex
import sys
import time
from typing import Annotated

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.runs import seconds
from llmx.cli.runs_shown import visible
from llmx.core.jsonline import dumps
from llmx.errors import NotFoundError, UsageError
from llmx.exec.result_file import write_file
from llmx.sessions import EPHEMERAL_S, Session, State
from llmx.sessions.files import exported, imported
from llmx.sessions.store import Store

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at conversations that are kept.")

NameArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its name or id; `llmx session list`.")]


@app.command("list")
def list_(output: OutputOption = Output.text) -> None:
    """List sessions, the last one used first."""
    sessions = Store().sessions()
    if output == Output.json:
        print("[" + ",\n".join(dumps(session._asdict()) for session in sessions) + "]")
        return
    for session in sessions:
        print(_row(session))
    if not sessions:
        note("no session is kept; --session NAME of llmx chat and llmx generate keeps one")


@app.command()
def show(name: NameArgument, output: OutputOption = Output.text) -> None:
    """Show a session and its messages, in order."""
    store = Store()
    session = store.find(name)
    if output == Output.json:
        print(dumps(exported(store, session)))
        return
    print(_row(session))
    for turn in store.turns(session.id):
        print(f"\n[{turn.message.role}]{f' {visible(turn.model)}' if turn.model else ''}")
        print("\n".join(visible(line) for line in turn.message.text.split("\n")))
    for artifact in store.artifacts(session.id):
        print(f"\nartifact {visible(artifact.name)}, {visible(artifact.media_type)}, {len(artifact.data)} bytes")


@app.command()
def resume(name: NameArgument, output: OutputOption = Output.text) -> None:
    """Make a session active again and say how to go on with it."""
    _set_state(name, "active", output)


@app.command()
def suspend(name: NameArgument, output: OutputOption = Output.text) -> None:
    """Set a session aside; its next message makes it active again."""
    _set_state(name, "suspended", output)


@app.command()
def complete(name: NameArgument, output: OutputOption = Output.text) -> None:
    """Close a session; only `llmx session resume` opens it again."""
    _set_state(name, "completed", output)


@app.command()
def delete(
    names: Annotated[list[str], typer.Argument(metavar="SESSION…", help="Names or ids.")],
    output: OutputOption = Output.text,
) -> None:
    """Remove sessions with their messages and artifacts, for good."""
    store = Store()
    sessions = [store.find(name) for name in names]
    for session in sessions:
        store.delete(session.id)
    gone = [session.name or session.id for session in sessions]
    print(dumps(gone) if output == Output.json else f"removed {visible(', '.join(gone))}")


@app.command()
def gc(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Instead of 5 minutes: 1h, 2d.")
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Remove sessions without a name that are no longer used; those with a name stay."""
    age = seconds("--older-than", older_than)
    gone = Store().collect(EPHEMERAL_S if age is None else age)
    print(dumps(gone) if output == Output.json else f"removed {len(gone)} sessions without a name")


@app.command()
def export(
    name: NameArgument,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="Write there instead of to stdout.")] = "",
) -> None:
    """Write a session as JSON, artifacts included."""
    store = Store()
    text = json.dumps(exported(store, store.find(name)), indent=1) + "\n"
    if to:
        try:
            write_file(to, text.encode())
        except OSError as error:
            raise UsageError(f"{to} cannot be written: {error.strerror}") from None
    else:
        print(text, end="")


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An exported session; - reads stdin.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What it is to be called here.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Add a session that was exported, here or elsewhere."""
    _show(imported(Store(), _text(file), file, name), output)


def _set_state(name: str, state: State, output: Output) -> None:
    store = Store()
    store.set_state(store.find(name).id, state)
    session = store.find(name)
    _show(session, output)
    if state == "active" and output == Output.text:
        print(f"go on with: llmx generate --session {shlex.quote(session.name or session.id)} …")


def _show(session: Session, output: Output) -> None:
    print(dumps(session._asdict()) if output == Output.json else _row(session))


def _text(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read()
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {visible(file)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{visible(file)} cannot be read: {error}") from None


def _row(session: Session) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.updated_at))
    name = visible(session.name or f"({session.id})")
    return f"{when}  {session.state:<9} {session.messages:>5} messages {session.tokens:>8} tokens  {name}"
