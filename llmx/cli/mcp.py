"""``llmx mcp``: the MCP servers that coding agents and llmx itself use."""

import os
from typing import Annotated, Any

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.core.edits import Set, Unset
from llmx.core.jsonline import dumps
from llmx.core.mcp.check import Checked
from llmx.core.mcp.check import check as check_servers
from llmx.core.plugins import load
from llmx.core.quantities import parse_duration
from llmx.core.redact import mask_argv, mask_text
from llmx.core.source import Source, project_source, user_source
from llmx.core.source.servers import Server, catalog
from llmx.core.source.tables import holds_key
from llmx.core.source.writing import file_of, write
from llmx.errors import NotFoundError, UsageError, nearest

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep the MCP servers that agents use.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A server from `llmx mcp list`.")]
ProjectOption = Annotated[bool, typer.Option("--project", help="In the project's llmx.toml, not in your own file.")]
ClientOption = Annotated[str, typer.Option("--client", metavar="NAME", help="Those in this client's own files.")]


@app.command(context_settings={"ignore_unknown_options": False})
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="How the server is to be called.")],
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND [ARGS]…]", help="What starts it.")] = None,
    *,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Where it is, if it is not a command.")] = "",
    env: Annotated[list[str] | None, typer.Option("--env", metavar="K=V", help="A variable of it.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", metavar="K=V", help="A header for it.")] = None,
    transport: Annotated[str, typer.Option("--transport", help="http or sse, behind a URL.")] = "",
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long a call may take.")] = "",
    cwd: Annotated[str, typer.Option("--cwd", metavar="DIR", help="Where the command is started.")] = "",
    project: ProjectOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Add a server: `llmx mcp add docs -- npx -y docs-server`, or with --url.

    A key belongs in a variable: --env 'TOKEN=${MY_TOKEN}' names it, and no file holds it.
    """
    scope = "project" if project else "user"
    file = file_of(scope, os.environ, os.getcwd())
    entry: dict[str, Any] = {
        "command": command[0] if command else "",
        "args": (command or [])[1:],
        "env": pairs(env, "--env"),
        "cwd": cwd,
        "url": url,
        "transport": transport,
        "headers": pairs(header, "--header"),
        "timeout": timeout,
    }
    if name in declared(scope):
        hint = f"llmx mcp remove {name}{' --project' if project else ''}"
        raise UsageError(f"there is a server {name} already", hint=hint)
    kept = {key: value for key, value in entry.items() if value}
    write(file, [Set(("mcp", "servers", name), kept)], title=f"llmx mcp add {name}", env=os.environ)
    tell([(scope, declared(scope)[name])], output)


@app.command("list")
def list_(
    client: ClientOption = "",
    all_: Annotated[bool, typer.Option("--all", help="Also those of the catalog that are not in use.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """List the servers of your file and of the project's, or those that one client has."""
    if client:
        found = load("llmx.clients.reading:servers_of")(client, os.environ, os.getcwd())
        tell([(client, server) for server in found], output)
        return
    rows = [(scope, server) for scope in ("user", "project") for server in declared(scope).values()]
    if all_:
        used = {server.name for _, server in rows}
        rows += [("catalog", server) for server in offered() if server.name not in used]
    tell(rows, output)


@app.command()
def remove(name: NameArgument, project: ProjectOption = False) -> None:
    """Take a server out of your file, or of the project's."""
    scope = scope_of(name, project=project)
    file = file_of(scope, os.environ, os.getcwd())
    write(file, [Unset(("mcp", "servers", name))], title=f"llmx mcp remove {name}", env=os.environ)
    if name in declared(scope):
        raise UsageError(f"{name} also stands in the list mcp.additional_servers", hint="take it out there by hand")
    note(f"{name} is gone from {file}; `llmx client apply` takes it from the clients")


@app.command()
def enable(name: NameArgument, project: ProjectOption = False) -> None:
    """Use a server, one of the catalog, too: `llmx mcp list --all`."""
    switch(name, project=project, enabled=True)


@app.command()
def disable(name: NameArgument, project: ProjectOption = False) -> None:
    """Keep a server, and use it no more."""
    switch(name, project=project, enabled=False)


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="These; else all.")] = None,
    client: ClientOption = "",
    deadline: Annotated[str, typer.Option("--deadline", metavar="TIME", help="How long each may take.")] = "30s",
    output: OutputOption = Output.text,
) -> None:
    """Really connect to each server and ask for its tools; exit 1 where one fails."""
    found: list[Server]
    if client:
        servers_of = load("llmx.clients.reading:servers_of")
        found = servers_of(client, os.environ, os.getcwd(), ("user",))
        strangers = servers_of(client, os.environ, os.getcwd(), ("project",))
        for server in strangers:  # whoever wrote the project would run a program here
            note(f"{server.name} stands in a file of the project, and is not started; add it to your own to check it")
        names = [name for name in names or () if name not in [server.name for server in strangers]] or names
    else:
        found = list({**declared("user"), **declared("project")}.values())
    for name in names or ():
        if name not in [server.name for server in found]:
            raise missing(name, [server.name for server in found])
    wanted = [server for server in found if not names or server.name in names]
    checked: list[Checked] = load("llmx.core.blocking:run")(lambda: check_servers(wanted, deadline=seconds(deadline)))
    if output == Output.json:
        print(dumps([one._asdict() for one in checked]))
    else:
        for one in checked:
            said = f"{len(one.tools)} tools" if one.state == "connected" else one.reason
            print(f"{one.state:<10} {one.name:<20} {said}")
        if not checked:
            note("there are no servers to check; llmx mcp add NAME -- COMMAND adds one")
    if any(one.state == "failed" for one in checked):
        raise typer.Exit(1)


def declared(scope: str) -> dict[str, Server]:
    """The servers of one scope."""
    return source_of(scope).servers


def source_of(scope: str) -> Source:
    """What one scope's file says; empty where there is no such file, or it is not trusted, which is told."""
    if scope == "user":
        return user_source()
    notices: list[str] = []
    found = project_source(os.environ, os.getcwd(), notices)
    for text in notices:
        note(text)
    return found or Source()


def scope_of(name: str, *, project: bool) -> str:
    """Where the server is declared; raises ``NotFoundError``."""
    scope = "project" if project else "user"
    if name in declared(scope):
        return scope
    if not project and name in declared("project"):
        raise UsageError(f"{name} is a server of the project", hint="add --project")
    raise missing(name, [*declared(scope), *catalog()])


def switch(name: str, *, project: bool, enabled: bool) -> None:
    """Turn a server on or off in its file."""
    scope = "project" if project else "user"
    if name not in catalog() or (name in declared("project") and not project):
        scope = scope_of(name, project=project)
    file = file_of(scope, os.environ, os.getcwd())
    verb = "enable" if enabled else "disable"
    if not enabled and name not in declared(scope):
        raise missing(name, list(declared(scope)))
    write(file, [Set(("mcp", "servers", name, "enabled"), enabled)], title=f"llmx mcp {verb} {name}", env=os.environ)
    note(f"{name} is {'on' if enabled else 'off'} in {file}; `llmx client apply` tells the clients")


def missing(name: str, known: list[str]) -> NotFoundError:
    """The error for a server that there is not."""
    near = nearest(name, known)
    return NotFoundError(
        f"there is no server {name!r}", hint=f"did you mean {near}?" if near else "llmx mcp list --all"
    )


def offered() -> list[Server]:
    """The servers of the catalog, off."""
    return [
        Server(name, entry["command"], tuple(entry["args"]), entry.get("env", {}), enabled=False)
        for name, entry in catalog().items()
    ]


def tell(rows: list[tuple[str, Server]], output: Output) -> None:
    """Print servers with where they are from; of their variables, the names."""
    if output == Output.json:
        print(
            dumps(
                [{"name": s.name, "from": origin, "enabled": s.enabled, **keyless(s).as_dict()} for origin, s in rows]
            )
        )
        return
    for origin, server in ((origin, keyless(server)) for origin, server in rows):
        what = server.fault or server.url or " ".join([server.command, *server.args])
        print(f"{server.name:<20} {'on ' if server.enabled else 'off'}  {origin:<9} {what}")
    if not rows:
        note("there are no servers; llmx mcp add NAME -- COMMAND adds one, and llmx mcp list --all shows known ones")


def keyless(server: Server) -> Server:
    """The server without a key: a client's own file may hold some."""
    command, *args = mask_argv([server.command, *server.args], {})
    env, headers = (
        {name: "[redacted]" if holds_key(name, value) else value for name, value in values.items()}
        for values in (server.env, server.headers)
    )
    url = mask_text(server.url, {})
    return server._replace(command=command, args=tuple(args), env=env, headers=headers, url=url)


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """The ``K=V`` of an option; raises ``UsageError``, which shows no value."""
    split = [one.partition("=") for one in given or ()]
    for name, equals, _ in split:
        if not equals or not name:
            raise UsageError(f"{option} {name!r} has no value", hint=f"{option} NAME=VALUE")
    return {name: value for name, _, value in split}


def seconds(text: str) -> float:
    """The time that an option means."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--deadline: {error}", hint="for example --deadline 10s") from None
