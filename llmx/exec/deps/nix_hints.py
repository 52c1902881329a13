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
    """Where a command that is not here could come from; "" where nobody knows it."""
    name = request.argv[0]
    if any([one.source.name == "nix" for one in request.deps]):  # noqa: C419
        return f"--deps PACKAGE names the package that brings {name}; https://search.nixos.org/packages finds it"
    package = packages().get(name, "")
    _, is_python, of_python = package.partition("python3Packages.")
    if package and _has(request, "nix-shell"):
        return f"Nix has it, as {package}: {_line(request, '--nix-shell')}"
    if is_python and _has(request, "uv"):
        return f"it is a Python package: {_line(request, '--uv', of_python)}"
    return f"{name} is not installed here" if package else ""


def _has(request: "ExecRequest", program: str) -> bool:
    folders = (request.own_env.get("PATH") or DEFAULT_PATH).split(":")
    return any([os.access(f"{folder}/{program}", os.X_OK) for folder in folders])  # noqa: C419


def _line(request: "ExecRequest", *more: str) -> str:
    return shlex.join(["llm-exec", *request.options, *more, "--", *request.argv])


def likely(name: str, known: list[str]) -> str:
    """The package that ``name`` was probably meant to be, "" for none: by its command, or by its spelling."""
    if (package := packages().get(name)) and package != name:
        return package
    return nearest(name, [other for other in known if other[:1] == name[:1]]) or ""
