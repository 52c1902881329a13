"""``llmx client``: the configuration of coding agents, from one source."""

import os
from typing import Annotated, Any

import typer

from llmx.cli.mcp import ProjectOption
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.clients.applying import Prepared, Step, prepare
from llmx.clients.importing import imports
from llmx.clients.own_policy import OWN_POLICY
from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import present, version, where_of
from llmx.clients.registry import find
from llmx.core import edits
from llmx.core.edits.history import Edit
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings import Places
from llmx.core.settings.merge import merge
from llmx.core.source import Source, project_source, user_source
from llmx.core.source.writing import file_of, keep_trust, write
from llmx.errors import NotFoundError, UsageError

HELP = "Configure coding agents (Claude, Goose, opencode, Cursor, Codex and others) from one source."
app = typer.Typer(no_args_is_help=True, add_completion=False, help=HELP)

ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="A client from `llmx client list`.")]
ClientsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[CLIENT…]", help="These; else all that are here.")
]
RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="The beginning of a command, such as 'git push'.")]
UserOption = Annotated[bool, typer.Option("--user", help="Only the user's files.")]
OnlyProjectOption = Annotated[bool, typer.Option("--project", help="Only the project's files.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Let the source win over conflicts.")]


@app.command("list")
def list_(
    versions: Annotated[bool, typer.Option("--versions", help="Ask each program for its version.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """List the clients, whether they are here, and their files."""
    rows = []
    for found in present(here()):
        row: dict[str, Any] = {"name": found.client.name, "title": found.client.title, "program": found.program or None}
        if versions:
            row["version"] = version(found.program) or None if found.program else None
        row["files"] = [{"scope": s, "path": str(path), "exists": exists} for s, path, exists in found.files]
        rows.append(row | {"here": found.is_there})
    if output == Output.json:
        print(dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<15} {row.get('version') or ('here' if row['here'] else '-'):<10} {row['program'] or ''}")
        for file in row["files"]:
            print(f"  {file['scope']:<8} {'' if file['exists'] else '(none) '}{file['path']}")


@app.command()
def show(client: ClientArgument, output: OutputOption = Output.text) -> None:
    """Show what one client has: its servers, and which entries are llmx's."""
    load("llmx.cli.client_show:show")(find(client), here(), output)


@app.command("import")
def import_(
    clients: ClientsArgument = None,
    project: ProjectOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come, and write nothing.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Take the MCP servers that clients have into the source; exit 1 where one of them cannot be."""
    scope: Scope = "project" if project else "user"
    where = here()
    source = sources(user=not project, project=project)[scope]
    found, operations = imports(chosen(clients, where), where, scope, source.servers)
    if operations and not dry_run:
        write(file_of(scope, os.environ, os.getcwd()), operations, title="llmx client import", env=os.environ)
    if output == Output.json:
        print(dumps([row._asdict() for row in found]))
    else:
        for row in found:
            named = f"{row.name}  " if row.name else ""
            print(f"{row.state:<9} {row.client:<15} {named}{f'({row.reason})' if row.reason else ''}".rstrip())
        if not found:
            note("no client that is here has a server to take over; llmx client list shows which are here")
    if any(row.state in ("conflict", "refused") for row in found):
        raise typer.Exit(1)


@app.command()
def render(
    client: ClientArgument,
    user: UserOption = False,
    project: OnlyProjectOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Print what the source comes to for one client, as new files; nothing is read of its own and nothing written."""
    wanted = find(client)
    given = with_prompts(sources(user=user, project=project), [wanted])
    load("llmx.cli.client_show:render")(wanted, given, here(), output)


@app.command()
def diff(
    clients: ClientsArgument = None,
    user: UserOption = False,
    project: OnlyProjectOption = False,
    overwrite: OverwriteOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what `apply` would change, as a unified diff."""
    tell_diff(prepared(clients, user=user, project=project, overwrite=overwrite), output)


@app.command()
def apply(
    clients: ClientsArgument = None,
    *,
    user: UserOption = False,
    project: OnlyProjectOption = False,
    overwrite: OverwriteOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the diff and write nothing.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Write what the source names into the clients' files: all of them or none; exit 1 where there are conflicts.

    `llmx client undo` takes it back.
    """
    ready = prepared(clients, user=user, project=project, overwrite=overwrite)
    if dry_run:
        tell_diff(ready, output)
    else:
        tell(ready, output, carry_out(ready))
    if ready.conflicts:
        raise typer.Exit(1)


@app.command()
def check(
    clients: ClientsArgument = None,
    user: UserOption = False,
    project: OnlyProjectOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Compare clients' files with the source; exit 1 where something is not as it says."""
    ready = prepared(clients, user=user, project=project, overwrite=False)
    tell(ready, output, only_drift=True)
    if ready.drift:
        raise typer.Exit(1)


@app.command()
def permit(client: ClientArgument, rule: RuleArgument, output: OutputOption = Output.text) -> None:
    """Let a client run what begins like RULE without asking."""
    load("llmx.cli.client_change:rule")(client, rule, "allow", output)


@app.command()
def deny(client: ClientArgument, rule: RuleArgument, output: OutputOption = Output.text) -> None:
    """Let a client not run what begins like RULE, wrapped in llm-exec neither."""
    load("llmx.cli.client_change:rule")(client, rule, "deny", output)


@app.command()
def revoke(client: ClientArgument, rule: RuleArgument, output: OutputOption = Output.text) -> None:
    """Forget what was permitted or denied."""
    load("llmx.cli.client_change:rule")(client, rule, "", output)


@app.command()
def verify(client: ClientArgument, output: OutputOption = Output.text) -> None:
    """Ask the real program, offline and in a copy of its files, what it took; exit 1 where it did not."""
    load("llmx.cli.client_verify:verify")(client, output)


endpoint = typer.Typer(no_args_is_help=True, add_completion=False, help="Say where the clients' models answer.")
app.add_typer(endpoint, name="endpoint")


@endpoint.command("set")
def set_endpoint(
    url: Annotated[str, typer.Argument(metavar="URL", help="The base URL, such as http://127.0.0.1:8080.")],
    clients: ClientsArgument = None,
    *,
    model: Annotated[str, typer.Option("--model", "-m", help="Which model is asked for.")],
    small: Annotated[str, typer.Option("--small-model", help="One for titles and the like; else the same.")] = "",
    api_key: Annotated[str, typer.Option("--api-key", metavar="REF", help="env:NAME or file:PATH.")] = "",
    overwrite: OverwriteOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Let clients ask a server of your own, each in the wire that it speaks."""
    entry = {"url": url, "model": model, "small_model": small, "api_key": api_key}
    load("llmx.cli.client_change:set_endpoint")(clients or [], entry, overwrite=overwrite, output=output)


@endpoint.command("reset")
def reset_endpoint(clients: ClientsArgument = None, output: OutputOption = Output.text) -> None:
    """Give clients back what they had."""
    load("llmx.cli.client_change:reset_endpoint")(clients or [], output)


@app.command()
def undo(output: OutputOption = Output.text) -> None:
    """Take back the last edit of clients' files, all of them."""
    last = next((edit for edit in own_edits() if edit.undoes is None and not edit.is_undone), None)
    if last is None:
        raise NotFoundError("there is no edit of clients to undo", hint="llmx client history")
    load("llmx.cli.undo:undo")(last.id, False, output)


@app.command()
def history(output: OutputOption = Output.text) -> None:
    """List the edits of clients' files, the last one first."""
    load("llmx.cli.history:tell")(own_edits(), output)


def own_edits() -> list[Edit]:
    """The edits that the commands here have made."""
    return [edit for edit in edits.history() if "llmx client " in edit.title]


def here() -> Where:
    """The surroundings of this call."""
    return where_of(os.environ, os.getcwd())


def sources(*, user: bool, project: bool) -> dict[Scope, Source]:
    """The sources asked for; without a word both, of which a project's may be missing."""
    notices: list[str] = []
    found: dict[Scope, Source] = {}
    if user or not project:
        found["user"] = user_source()
    if project or not user:
        of_project = project_source(os.environ, os.getcwd(), notices)
        for text in notices:
            note(text)
        if of_project is None and project and Places(os.environ, os.getcwd()).projects:
            file = file_of("project", os.environ, os.getcwd())
            raise UsageError(f"{file} is not trusted, so nothing follows it", hint=f"read it, then: llmx trust {file}")
        if of_project is not None or project:
            found["project"] = of_project or Source()
    return found


def with_prompts(given: dict[Scope, Source], clients: list[Client]) -> dict[Scope, Source]:
    """The sources with the text of the prompts that they name."""
    names = [client.name for client in clients]
    return {
        scope: load("llmx.prompts.completing:completed")(source, names) if source.prompts else source
        for scope, source in given.items()
    }


def with_sections(ready: Prepared, where: Where) -> Prepared:
    """The same with the sections of AGENTS.md that are to be brought up to date, where that is on."""
    if not load("llmx.agents_md:chain")(where.project) or not is_on("agents_md.enabled", "agents_md.auto_update"):
        return ready
    try:
        changes = load("llmx.agents_md.writing:updates")(where.project)
    except UsageError as error:
        note(f"its section is left as it is: {error.message}")
        return ready
    outdated = [one.name for one in edits.plan(changes, title="").files]
    steps = [Step("agents-md", "section", file, str(file), "change") for file in outdated]
    return ready._replace(steps=(*ready.steps, *steps), changes=(*ready.changes, *changes))


def is_on(*keys: str) -> bool:
    """Whether all these settings are true here."""
    values = merge(Places(os.environ, os.getcwd()), os.environ).values
    return all(values[key] for key in keys)


def chosen(names: list[str] | None, where: Where) -> list[Client]:
    """The clients named, else all that are here."""
    if names:
        return [find(name) for name in dict.fromkeys(names)]
    return [found.client for found in present(where) if found.is_there]


def prepared(names: list[str] | None, *, user: bool, project: bool, overwrite: bool) -> Prepared:
    """The comparison for the clients and scopes asked for; the rules go to llm-exec in any case."""
    where = here()
    wanted = chosen(names, where)
    if not wanted:
        raise NotFoundError("none of the clients is here", hint="name one to write its files anyway: llmx client list")
    given = with_prompts(sources(user=user, project=project), wanted)
    ready = prepare(given, [*wanted, OWN_POLICY], where, overwrite=overwrite)
    return ready if user and not project else with_sections(ready, where)


def carry_out(ready: Prepared, *more: edits.Change) -> Edit:
    """Write it; a project's settings file stays trusted if it was."""
    done = ready.plan(more).apply()
    keep_trust(done, os.environ)
    return done


def facts(ready: Prepared) -> dict[str, Any]:
    """A comparison as a program reads it."""
    steps = [step._asdict() | {"file": str(step.file)} for step in ready.steps]
    losses = [{"client": client, **loss._asdict()} for client, loss in ready.losses]
    return {"steps": steps, "losses": losses, "conflicts": len(ready.conflicts)}


def tell_diff(ready: Prepared, output: Output) -> None:
    """Print what would change, and what stays as it is."""
    if output == Output.json:
        print(dumps(facts(ready) | {"diff": ready.diff()}))
        return
    print(ready.diff(), end="")
    tell(ready, Output.text, only_notes=True)


MARKS = {"add": "+", "change": "~", "remove": "-", "conflict": "!", "same": "="}


def tell(
    ready: Prepared, output: Output, done: Edit | None = None, *, only_drift: bool = False, only_notes: bool = False
) -> None:
    """Print what was compared; conflicts and what a client cannot be told go to stderr."""
    if output == Output.json:
        print(dumps(facts(ready) | {"edit": done.id or None if done else None}))
        return
    shown = [] if only_notes else ready.drift if only_drift or done else list(ready.steps)
    for step in shown:
        if step.state != "conflict" or only_drift:
            print(f"{MARKS[step.state]} {step.client:<15} {step.place}")
    for client, loss in ready.losses:
        note(f"{client} is not told {loss.kind} {loss.what}: {loss.reason}")
    for step in ready.conflicts:
        note(f"conflict: {step.client}, {step.file}: {step.place}: {step.reason}; it stays (--overwrite replaces it)")
    if done and done.id:
        note(f"edit {done.id}; `llmx client undo` takes it back")
    elif done:
        note("all is as the source says" if not ready.conflicts else "nothing else is to change")
