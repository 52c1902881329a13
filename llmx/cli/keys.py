"""``llmx keys``: the keys of providers, kept for you. A key is read from stdin or asked for, never an argument."""

import getpass
import os
import sys
from typing import Annotated, Any

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.backends.endpoints import ENDPOINTS, Endpoint, canonical, unknown
from llmx.core.jsonline import dumps
from llmx.core.keys import Key, find
from llmx.core.keys.store import add as keep
from llmx.core.keys.store import place, stored
from llmx.core.keys.store import remove as forget
from llmx.core.settings.sources import shown
from llmx.errors import LlmxError, NotFoundError, UsageError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Keep the keys of providers.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="An endpoint, such as openai; `llmx backend list`.")]
LEAST_SHOWN = 16
"""From this length on, the last four letters of a key are shown."""


@app.command(context_settings={"allow_extra_args": True})
def add(ctx: typer.Context, name: NameArgument, output: OutputOption = Output.text) -> None:
    """Keep the key of an endpoint: read from stdin, or asked for on a terminal.

    For example: llmx keys add groq < FILE
    """
    endpoint = known(name)
    if ctx.args:
        hint = f"llmx keys add {endpoint.name} < FILE, or without anything behind it to be asked"
        raise UsageError("a key does not go on the command line, where others can see it", hint=hint)
    where = keep(endpoint.name, typed(endpoint.name))
    over = next((variable for variable in endpoint.variables if os.environ.get(variable)), "")
    if over:
        note(f"{over} is set, and goes before the key that is kept")
    if output == Output.json:
        print(dumps({"name": endpoint.name, "source": where}))
    else:
        note(f"the key for {endpoint.name} is kept in {kept_in(where)}")


@app.command("list")
def list_(output: OutputOption = Output.text) -> None:
    """List which endpoints have a key, and where it comes from; of the key, only its last letters."""
    rows = [row(endpoint) for endpoint in ENDPOINTS.values() if endpoint.key_name == endpoint.name]
    rows = [row for row in rows if row["source"]]
    if output == Output.json:
        print(dumps(rows))
        return
    for each in rows:
        print(f"{each['name']:<17} {each['masked'] or shown(each['error']):<8} {kept_in(each['source'])}")
    if not rows:
        note("there are no keys; llmx keys add NAME keeps one")


@app.command()
def remove(name: NameArgument, output: OutputOption = Output.text) -> None:
    """Forget the key of an endpoint."""
    endpoint = known(name)
    if not forget(endpoint.name):
        raise NotFoundError(f"no key is kept for {endpoint.name}", hint="llmx keys list")
    if output == Output.json:
        print(dumps({"name": endpoint.name, "removed": True}))
    else:
        note(f"the key for {endpoint.name} is forgotten")


def known(name: str) -> Endpoint:
    """The endpoint that keeps the key of that one; raises ``UsageError`` for one that there is not."""
    endpoint = ENDPOINTS.get(canonical(name))
    if endpoint is None:
        raise unknown(name)
    return ENDPOINTS[endpoint.key_name]


def typed(name: str) -> str:
    """The key, as it is typed without being shown, or comes on stdin."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Key for {name} (it is not shown): ", stream=sys.stderr)
    return sys.stdin.readline()


def row(endpoint: Endpoint) -> dict[str, Any]:
    """Where an endpoint's key comes from, the environment first, and how it ends."""
    key, source, error = Key(), "", None
    try:
        key = find(endpoint.variables)
        source = key.source or place(endpoint.name)
        key = key if key.value else stored(endpoint.name)
    except LlmxError as wrong:
        source, error = source or f"env:{endpoint.variables[0]}", wrong.message
    masked = None if error else masked_key(key.value)
    return {"name": endpoint.name, "source": source, "masked": masked, "error": error}


def masked_key(key: str) -> str:
    """The last letters of a key that is long enough to keep its secret."""
    return f"…{key[-4:]}" if len(key) >= LEAST_SHOWN else "…"


def kept_in(source: str) -> str:
    """Where a key comes from, in words."""
    keeper, _, name = source.partition(":")
    return {"env": f"the variable {name}", "keyring": "the keyring", "file": shown(name)}[keeper]
