"""``llmx agent``: named records of who answers, and how."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from llmx import paths
from llmx.agents.exchange import exported, import_agents
from llmx.agents.fields import field_named, from_text
from llmx.agents.files import FileRegistry
from llmx.agents.record import Agent
from llmx.agents.resolve import resolve as resolve_agent
from llmx.cli.config import editor
from llmx.cli.model_options import ModelOptions, asks_a_model
from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.steering import CONTROLS
from llmx.core.jsonline import dumps
from llmx.core.keys import read as read_key
from llmx.core.plugins import load
from llmx.core.settings.documents import decode, parse, read_bytes
from llmx.core.settings.sources import shown
from llmx.errors import LlmxError, UsageError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Keep agents: named records of who answers.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="An agent from `llmx agent list`.")]
SEED = {"name": "Default Agent", "provider": "ollama", "model": "mistral:7b-instruct"}


@app.command()
def init(output: OutputOption = Output.text) -> None:
    """Make the agent `default` (ollama, mistral:7b-instruct), where there is none of that name yet."""
    registry = FileRegistry()
    if registry.file("default").exists():
        note("agent default is there already")
        tell(registry.get("default"), output)
        return
    tell(registry.create("default", {**SEED, "is_default": registry.default() is None}), output)


@app.command("list")
def list_(
    active: Annotated[bool, typer.Option("--active", help="Only those that may be used.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """List the agents, the default one first."""
    agents = [agent for agent in FileRegistry().agents() if agent.is_active or not active]
    if output == Output.json:
        print(dumps([record(agent) for agent in agents]))
        return
    for agent in agents:
        mark = "*" if agent.is_default else " "
        state = "" if agent.is_active else "  (inactive)"
        print(f"{mark} {agent.id:<24} {agent.provider}/{agent.model}{state}")
    if not agents:
        note("there are no agents; llmx agent init makes one, llmx agent create ID any other")


@app.command()
def get(agent_id: IdArgument, output: OutputOption = Output.text) -> None:
    """Show one agent; of its key, only where it is kept and whether it is there."""
    tell(FileRegistry().get(agent_id), output)


@app.command()
def create(
    agent_id: Annotated[str, typer.Argument(metavar="ID", help="Lower-case letters, digits and dashes.")],
    *,
    provider: Annotated[str, typer.Option("--provider", help="Who answers, such as ollama or openai.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Which of its models.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="URL", help="In place of the provider's own.")] = "",
    api_key: Annotated[str, typer.Option("--api-key", metavar="REF", help="env:NAME, file:PATH or keyring:NAME.")] = "",
    timeout: Annotated[str, typer.Option("--timeout", metavar="TIME", help="30 s where nothing is said.")] = "",
    temperature: Annotated[str, typer.Option("--temperature", help="0 to 2; 0.7 where nothing is said.")] = "",
    top_p: Annotated[str, typer.Option("--top-p", metavar="P", help="0 to 1; 0.9 where nothing is said.")] = "",
    max_tokens: Annotated[str, typer.Option("--max-tokens", metavar="N", help="4096 where nothing is said.")] = "",
    system: Annotated[str, typer.Option("--system", "-s", metavar="TEXT", help="The system prompt.")] = "",
    tool: Annotated[list[str] | None, typer.Option("--tool", metavar="NAME", help="A tool it may use.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Make it the default agent.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Make a new agent."""
    texts = {
        "provider": provider,
        "model": model,
        "name": name,
        "description": description,
        "endpoint": endpoint,
        "api_key": api_key,
        "timeout": timeout,
        "temperature": temperature,
        "top_p": top_p,
        "max_tokens": max_tokens,
        "system": system,
    }
    values: dict[str, Any] = dict(from_text(word, text) for word, text in texts.items() if text)
    made = FileRegistry().create(agent_id, {**values, "tools": tuple(tool or ()), "is_default": default})
    if made.is_default and not default:
        note(f"{made.id} is the first agent, so it is the default one")
    tell(made, output)


@app.command("set")
def set_(
    agent_id: IdArgument,
    assignments: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…", help="Nothing behind = unsets a field.")],
    output: OutputOption = Output.text,
) -> None:
    """Change fields of an agent; all others, and comments, stay."""
    pairs = [assignment.partition("=") for assignment in assignments]
    for word, equals, _ in pairs:
        if not equals:
            raise UsageError(f"{word!r} says no value", hint=f"llmx agent set {agent_id} {field_named(word).name}=…")
    values = dict(from_text(word, text) for word, _, text in pairs)
    tell(FileRegistry().update(agent_id, values), output)


@app.command()
def edit(agent_id: IdArgument) -> None:
    """Open an agent's file in $VISUAL or $EDITOR; what does not fit is not taken over."""
    registry = FileRegistry()
    before = registry.text(agent_id)
    draft = f"{paths.make_private(paths.state_dir())}/agent-{agent_id}.toml"
    with open(draft, "wb") as opened:
        opened.write(before)
    if subprocess.run([*editor(), draft], check=False).returncode:
        raise UsageError("the editor ended with an error, so the agent is as it was")
    after = read_bytes(draft)
    if after == before:
        note("nothing changed")
    else:
        try:
            registry.replace(agent_id, before, after)
        except LlmxError as error:
            error.hint = f"the agent is as it was; your text is kept at {shown(draft)}"
            raise
    os.unlink(draft)


@app.command()
def delete(agent_id: IdArgument, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove an agent; `llmx undo` brings it back."""
    registry = FileRegistry()
    registry.get(agent_id)
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is nobody to ask", hint=f"llmx agent delete {agent_id} --yes")
    if not yes and not typer.confirm(f"delete agent {agent_id}?", err=True):
        raise typer.Abort
    registry.delete(agent_id)
    note(f"agent {agent_id} is deleted; `llmx undo` brings it back")


@app.command()
def default(agent_id: IdArgument) -> None:
    """Make an agent the one that stands in where no other does."""
    FileRegistry().set_default(agent_id)
    note(f"{agent_id} is the default agent")


@app.command()
def enable(agent_id: IdArgument) -> None:
    """Let an agent be used again."""
    FileRegistry().update(agent_id, {"is_active": True})
    note(f"agent {agent_id} is active")


@app.command()
def disable(agent_id: IdArgument) -> None:
    """Let an agent be used no more, without deleting it."""
    FileRegistry().update(agent_id, {"is_active": False})
    note(f"agent {agent_id} is inactive")


@app.command()
def resolve(
    agent_id: IdArgument,
    *,
    explain: Annotated[bool, typer.Option("--explain", help="Name the tier that gave each field.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take nothing from beyond the agents; for CI.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what an agent means once the default agent, the environment and the settings have filled its gaps."""
    found = resolve_agent(FileRegistry(), agent_id, strict=strict)
    if output == Output.json:
        print(dumps({"id": found.id, **found.values, **({"tiers": found.tiers} if explain else {})}))
        return
    for name, value in found.values.items():
        line = f"{name} = {'(unset)' if value is None else value}"
        print(f"{line:<48}  # {found.tiers[name]}" if explain and found.tiers[name] else line)


@app.command()
@asks_a_model()
def run(
    ctx: typer.Context,
    agent_id: IdArgument,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The prompt; - reads stdin, @file a file.")],
    *,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="Again after each such pause.")] = "",
    given: ModelOptions,
    output: OutputOption = Output.text,
) -> None:
    """Ask a model as an agent does, once, or again and again until it is interrupted."""
    load("llmx.cli.agent_run:run")(ctx, agent_id, prompt, given, every=every, output=output)


@app.command()
def export(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="These; else all.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Print agents as TOML for `llmx agent import`; keys are not in it, only where they are kept."""
    registry = FileRegistry()
    agents = [registry.get(agent_id) for agent_id in ids] if ids else registry.agents()
    print(dumps([agent.as_dict() for agent in agents]) if output == Output.json else exported(agents).rstrip("\n"))


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `llmx agent export` wrote; - reads stdin.")],
    force: Annotated[bool, typer.Option("--force", help="Replace agents that are there already.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Make the agents that a file holds; those that are there already stay."""
    data = sys.stdin.buffer.read() if file == "-" else read_bytes(file)
    done = import_agents(FileRegistry(), parse(file, decode(file, data)), file, force=force)
    if output == Output.json:
        print(dumps(done))
        return
    for agent_id, what in done.items():
        print(f"{what:<8} {agent_id}")


def tell(agent: Agent, output: Output) -> None:
    """Print one agent."""
    if output == Output.json:
        print(dumps(record(agent)))
        return
    for name, value in {**agent.as_dict(), "created_at": agent.created_at, "updated_at": agent.updated_at}.items():
        if value not in (None, []):
            told = f"  ({'set' if has_key(agent) else 'unset'})" if name == "api_key" else ""
            print(f"{name.removeprefix('is_').removesuffix('_at')} = {said(value)}{told}")


def said(value: object) -> str:
    """A field's value for people, as `llmx agent set` reads it too."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value).translate(CONTROLS)


def record(agent: Agent) -> dict[str, Any]:
    """An agent as a program reads it; ``has_key`` says whether its key is where it should be."""
    return {**agent.as_dict(), "has_key": has_key(agent)}


def has_key(agent: Agent) -> bool:
    """Whether the agent's key can be read now."""
    if not agent.api_key:
        return False
    try:
        return bool(read_key(agent.api_key).value)
    except LlmxError:
        return False
