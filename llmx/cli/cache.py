"""``llmx cache``: what llmx keeps so that it need not be made again, and its removal."""

import os
import time
from typing import Annotated, NamedTuple

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.quantities import parse_duration
from llmx.errors import UsageError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show and clear what is kept to be used again.")


class Kind(NamedTuple):
    """Something that is kept: what it is, the import string of what counts and clears it, and a word on clearing."""

    what: str
    target: str
    afterwards: str = ""


KINDS = {
    "answers": Kind("answers of models", "llmx.core.cache.upkeep:ANSWERS"),
    "nix": Kind("environments of --nix-shell", "llmx.exec.deps.clearing:NIX", "nix-store --gc frees their packages"),
    "uv": Kind("environments of --uv", "llmx.exec.deps.clearing:UV"),
}
"""Every kind by the option of ``clear`` that names it; a package adds its own here, and the option below."""


@app.command()
def stats(output: OutputOption = Output.text) -> None:
    """Count what is kept, by kind."""
    rows = [{"kind": name, **load(kind.target).stats(os.environ)} for name, kind in KINDS.items()]
    if output == Output.json:
        print(dumps(rows))
        return
    for row in rows:
        unused = f", the oldest unused for {_age(row['oldest_use'])}" if row["oldest_use"] is not None else ""
        unused += f", {row['hit_rate']:.0%} of the questions had one" if row.get("hit_rate") is not None else ""
        print(f"{row['kind']:<8} {row['entries']:>6}  {row['bytes'] / 1e6:>9.1f} MB  {KINDS[row['kind']].what}{unused}")


@app.command()
def clear(
    *,
    answers: Annotated[bool, typer.Option("--answers", help="Answers of models.")] = False,
    nix: Annotated[bool, typer.Option("--nix", help="Environments of --nix-shell.")] = False,
    uv: Annotated[bool, typer.Option("--uv", help="Environments of --uv.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Everything.")] = False,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Only what was not used for so long: 12h, 30d.")
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Remove what is kept; it is made again when it is needed."""
    asked = {"answers": answers, "nix": nix, "uv": uv}
    chosen = [name for name in KINDS if every or asked[name]]
    if not chosen:
        options = " or ".join(f"--{name}" for name in KINDS)
        raise UsageError("nothing says what to clear", hint=f"llmx cache clear {options}, or --all")
    try:
        age = 0.0 if older_than is None else parse_duration(older_than)
    except ValueError as error:
        raise UsageError(f"--older-than: {error}", hint="for example --older-than 12h or 30d") from None
    removed = [(name, *load(KINDS[name].target).clear(os.environ, older_than=age)) for name in chosen]
    if output == Output.json:
        print(dumps([dict(zip(("kind", "entries", "bytes"), row, strict=True)) for row in removed]))
        return
    for name, entries, _ in removed:
        what, _, afterwards = KINDS[name]
        print(f"{name:<8} {entries:>6} removed  {'; '.join(filter(None, (what, afterwards)))}")


def _age(used_at: float) -> str:
    hours = max(0.0, time.time() - used_at) / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} min"
