"""``llmx version``: what is running, on what, and which optional parts are there."""

import platform
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from llmx import __version__
from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.errors import install_hint

app = typer.Typer(add_completion=False)

# the module that shows an optional part is installed -> the extra that installs it
OPTIONAL = {
    "llama_cpp": "gguf",
    "xllamacpp": "gguf-prebuilt",
    "mlx_lm": "mlx",
    "polars": "data",
    "pypdfium2": "docs",
    "keyring": "keyring",
}


@app.command()
def version(
    verbose: Annotated[bool, typer.Option("--verbose", help="Say everything below too.")] = False,
    short: Annotated[bool, typer.Option("--short", help="The number alone.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show the version and what is installed with it."""
    facts: dict[str, object] = {
        "version": __version__,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "executable": sys.executable,
        "optional": {extra: find_spec(module) is not None for module, extra in OPTIONAL.items()},
    }
    if output == Output.json:
        print(dumps(facts))
    elif short:
        print(__version__)
    else:
        print(f"llmx {__version__}")
        if verbose:
            _print_facts(facts)


def _print_facts(facts: dict[str, object]) -> None:
    for name in ("python", "implementation", "platform", "executable"):
        print(f"{name:15}{facts[name]}")
    for module, extra in OPTIONAL.items():
        print(f"{extra:15}{'installed' if find_spec(module) else f'not installed: {install_hint(extra)}'}")
