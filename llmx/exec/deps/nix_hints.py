"""What to type instead, where a package or a command is missing."""

import os
import shlex

from llmx.core.process import DEFAULT_PATH
from llmx.errors import nearest
from llmx.exec.deps.nix import packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.request import ExecRequest


def hint_for_missing(request: "ExecRequest") -> str:
    """How Nix could give a command that nobody has; "" where nothing is known."""
    name = request.argv[0]
    if any([one.source.name == "nix" for one in request.deps]):  # noqa: C419
        return f"--deps PACKAGE names the package that brings {name}; https://search.nixos.org/packages finds it"
    package = packages().get(name)
    folders = (request.own_env.get("PATH") or DEFAULT_PATH).split(":")
    if package and any([os.access(f"{folder}/nix-shell", os.X_OK) for folder in folders]):  # noqa: C419
        return f"Nix has it, as {package}: llm-exec --nix-shell -- {shlex.join(request.argv)}"
    return ""


def likely(name: str, known: list[str]) -> str:
    """The package that ``name`` was probably meant to be, "" for none: by its command, or by its spelling."""
    if (package := packages().get(name)) and package != name:
        return package
    return nearest(name, [other for other in known if other[:1] == name[:1]]) or ""
