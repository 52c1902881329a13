"""``llmx backend``: which backends there are, and whether one of them answers."""

import os
import time
from typing import Annotated, Any

import typer

from llmx.cli.model_options import ApiBaseOption, TimeoutOption, seconds
from llmx.cli.output import Output, OutputOption
from llmx.cli.settings import settings_of
from llmx.core.access import Access, access_for
from llmx.core.backends import Health
from llmx.core.backends.endpoints import ENDPOINTS, canonical, is_known, remote_name, unknown
from llmx.core.jsonline import dumps
from llmx.core.keys.store import place
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at what can answer for a model.")

TEST_S = 5.0


@app.command("list")
def list_(ctx: typer.Context, output: OutputOption = Output.text) -> None:
    """List the backends and endpoints; nothing is asked of any of them."""
    configured = canonical(str(settings_of(ctx)["llm.backend"] or ""))
    rows = [row(name, configured) for name in (*ENDPOINTS, "gguf", "mlx", "mock")]
    if output == Output.json:
        print(dumps(rows))
        return
    for each in rows:
        mark = "*" if each["configured"] else " "
        print(f"{mark} {each['name']:<17} {each['wire'] or '':<17} {key_of(each):<29} {shown(each['base_url'] or '')}")


def row(name: str, configured: str) -> dict[str, Any]:
    """What is known about one of them without asking it."""
    facts: dict[str, Any] = {"name": name, "wire": None, "base_url": None, "key_variables": [], "has_key": None}
    if name in ENDPOINTS:
        endpoint = load("llmx.core.backends.opening:endpoint_of")(name)
        has_key = (
            bool(any(map(os.environ.get, endpoint.variables)) or place(endpoint.key_name))
            if endpoint.variables
            else None
        )
        facts |= {
            "wire": endpoint.wire,
            "base_url": endpoint.base_url,
            "has_key": has_key if endpoint.variables else None,
        }
        facts["key_variables"] = list(endpoint.variables)
    return {**facts, "configured": name == configured}


def key_of(row: dict[str, Any]) -> str:
    """In words, whether there is a key."""
    if not row["key_variables"]:
        return "no key needed"
    if row["has_key"]:
        return "has a key"
    return f"{row['key_variables'][0]} is not set"


@app.command("test")
def check(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A backend or endpoint; `llmx backend list`.")],
    *,
    api_base: ApiBaseOption = None,
    timeout: TimeoutOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Ask a backend whether it can be used, with the key, and list its models; exit 3 where it cannot."""
    if not is_known(name):
        raise unknown(name)
    waits = seconds(timeout) or TEST_S
    started = time.monotonic()
    asked = probe(canonical(name), api_base, settings_of(ctx).values)
    health: Health = load("llmx.core.blocking:run")(lambda: asked.health(started + waits))
    took = round((time.monotonic() - started) * 1000)
    if output == Output.json:
        facts = {**health._asdict(), "models": list(health.models), "backend": name, "ms": took}
        print(dumps(facts))
        if not health.is_up:
            raise typer.Exit(InconclusiveError.exit_code)
        return
    if not health.is_up:
        raise InconclusiveError(
            f"{health.status}: {health.reason}", hint=f"llmx backend list shows where {name} is asked"
        )
    print(f"up: {shown(health.reason)}, in {took} ms")
    for model in health.models:
        print(f"  {shown(model)}")


def probe(name: str, api_base: str | None, values: dict[str, object]) -> Any:  # noqa: ANN401  # a Backend, not imported
    """The backend with the URL and the key that calls of it would use."""
    given = Access(api_base or "")
    if name == "remote":
        name = remote_name(str(values["llm.model"] or ""), given.base_url or str(values["llm.api_base"] or ""))
    return load("llmx.core.backends.opening:open_backend")(name, access_for(name, given, values))
