"""Checks of the packages that llmx is installed with."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec

from packaging.requirements import Requirement

from llmx.core.doctor import Finding
from llmx.errors import DISTRIBUTION, install_hint

# extra -> the module that shows it is installed, and what it is for
EXTRAS = {
    "gguf": ("llama_cpp", "llama-cpp-python, which runs GGUF files"),
    "mlx": ("mlx_lm", "mlx-lm, which runs models on Apple silicon"),
    "data": ("polars", "polars and matplotlib, which analyze tables and draw charts"),
    "docs": ("pypdfium2", "readers of PDF and office documents"),
    "keyring": ("keyring", "keyring, which keeps keys in the system's own store"),
}


def dependencies(env: Mapping[str, str]) -> list[Finding]:
    """Whether everything that llmx needs, and what that needs in turn, is there in a version that fits."""
    try:
        seen: dict[str, Distribution] = {}
        faults = sorted(set(conflicts(distribution(DISTRIBUTION), seen)))
    except PackageNotFoundError:
        return [Finding("ok", "llmx runs from its sources; what it needs is not checked")]
    if not faults:
        return [Finding("ok", f"{len(seen)} packages, and their versions fit together")]
    fix = f"{shlex.quote(sys.executable)} -m pip install --upgrade {DISTRIBUTION}"
    meaning = (
        "commands that use it may fail in the middle; an environment of its own (pipx) keeps llmx out of conflicts"
    )
    return [Finding("fail", fault, meaning, fix) for fault in faults]


def conflicts(package: Distribution, seen: dict[str, Distribution]) -> Iterator[str]:
    """What ``package`` asks for and does not get, all the way down; ``seen`` gathers what is there."""
    name = package.metadata["Name"]
    for line in package.requires or ():
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            found = seen.get(need.name) or distribution(need.name)
        except PackageNotFoundError:
            yield f"{name} needs {need}, which is not installed"
            continue
        if not need.specifier.contains(found.version, prereleases=True):
            yield f"{name} needs {need}, and {found.version} is installed"
        if need.name not in seen:
            seen[need.name] = found
            yield from conflicts(found, seen)


def extras(env: Mapping[str, str]) -> list[Finding]:
    """Which optional parts are there; none of them is needed."""
    offered = _offered()
    return [_extra(name, module, what, offered) for name, (module, what) in EXTRAS.items()]


def _extra(name: str, module: str, what: str, offered: set[str]) -> Finding:
    if find_spec(module):
        return Finding("ok", f"{name}: {what}; installed")
    if name in offered:
        return Finding("ok", f"{name}: {what}; not installed (optional)", fix=install_hint(name))
    return Finding("ok", f"{name}: {what}; not installed, and this version of llmx has no use for it")


def _offered() -> set[str]:
    """The extras that this version of llmx has."""
    try:
        return set(distribution(DISTRIBUTION).metadata.get_all("Provides-Extra") or ())
    except PackageNotFoundError:
        return set()
