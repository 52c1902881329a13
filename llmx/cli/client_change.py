"""What ``llmx client permit|deny|revoke`` and ``endpoint`` have in common: the source and files change together."""

import os
from collections.abc import Sequence
from typing import Literal

import typer

from llmx.cli.client import carry_out, chosen, here, tell
from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.clients.applying import prepare
from llmx.clients.own_policy import OWN_POLICY
from llmx.clients.protocol import Client, Scope
from llmx.clients.registry import find
from llmx.clients.rules import rule as words
from llmx.clients.ruling import change_of, own_entries, ruled
from llmx.core.edits import Change, Set, Unset
from llmx.core.source import Source, user_source
from llmx.core.source.writing import file_of, planned
from llmx.errors import UsageError


def rule(name: str, text: str, verdict: Literal["allow", "deny", ""], output: Output) -> None:
    """Give one rule its verdict, or none, for one client of the user."""
    client = find(name)
    if not words(text).joined.strip():
        raise UsageError("a rule is the beginning of a command, and not empty")
    source = user_source()
    operations = ruled(name, text, verdict, source)
    theirs = [] if verdict else own_entries(client, text, here(), "user")
    if not verdict and not operations and not theirs:
        note(f"there was no rule {text!r} for {name}")
    verb = {"allow": "permit", "deny": "deny", "": "revoke"}[verdict]
    title = f"llmx client {verb} {name} {text}"
    change(change_of(source, name, operations), [client, OWN_POLICY], "permission", title, output)
    for place in theirs:
        note(f"{text!r} stays in {place}: you wrote it yourself; take it out there")
    if theirs:
        raise typer.Exit(1)


def set_endpoint(names: list[str], entry: dict[str, str], *, overwrite: bool, output: Output) -> None:
    """Tell the clients where their models answer."""
    operations = [Set(("endpoint",), {name: value for name, value in entry.items() if value})]
    file = file_of("user", os.environ, os.getcwd())
    title = "llmx client endpoint set"
    change(Change(file, operations), chosen(names, here()), "endpoint", title, output, overwrite=overwrite)


def reset_endpoint(names: list[str], output: Output) -> None:
    """Take the endpoint out of the source and the clients, which get back what they had."""
    own = Change(file_of("user", os.environ, os.getcwd()), [Unset(("endpoint",))])
    change(own, chosen(names, here()), "endpoint", "llmx client endpoint reset", output)


def change(
    own: Change, clients: Sequence[Client], kind: str, title: str, output: Output, *, overwrite: bool = False
) -> None:
    """Change the user's source and what follows from it in the clients' user files, in one transaction."""
    given: dict[Scope, Source] = {"user": planned(own.file, own.operations)}
    ready = prepare(given, clients, here(), overwrite=overwrite, kinds=frozenset([kind]), title=title)
    done = carry_out(ready, own)
    tell(ready, output, done)
    if ready.conflicts:
        raise typer.Exit(1)
