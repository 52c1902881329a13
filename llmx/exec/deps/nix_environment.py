"""Have Nix evaluate, build or fetch packages, and read off what a command needs of them.

Plain programs are put on PATH, as ``nix shell`` does; packages that bring hooks (compilers, libraries) need the shell
environment that ``nix-shell`` makes. Classic commands do both and are in every Nix; where flakes are all that there is,
nixpkgs is pinned first.
"""

import os

from llmx.exec.deps.kept import Environment
from llmx.exec.deps.nix_expression import Packages, group, is_known_expression, shell_expression, tools_expression
from llmx.exec.deps.nix_session import Session
from llmx.exec.deps.nix_shell_variables import kept_variables, store_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.deps.place import Place

_SIGNS_OF_HOOKS = ("setup-hook", "propagated-build-inputs", "propagated-native-build-inputs")


def resolve(wanted: "Wanted", place: "Place", folder: str) -> Environment:
    """The environment of the names; raises ``ExecError`` with Nix's own words."""
    session = Session(place, folder)
    session.locate()
    packages = _grouped(wanted.names, session)
    outputs = session.build(tools_expression(packages), "tool")
    paths = [path for output in outputs for path in (f"{output}/bin", f"{output}/sbin") if os.path.isdir(path)]
    variables: dict[str, str] = {}
    if wanted.is_pure or any(_has_hooks(output) for output in outputs[len(packages.python) :]):
        paths, variables = _shell(packages, session)
        outputs += session.root("shell", store_paths([*paths, *variables.values()], session.store))
    return Environment(
        paths,
        variables,
        shown=[session.store] if outputs else [],
        needed=sorted(set(outputs)),
        watched=session.watched(),
        links=session.links,
        expires=session.expires,
        notes=_notes(packages),
    )


def _grouped(names: list[str], session: Session) -> Packages:
    """The names sorted into Python's packages, which need an interpreter of their own, and others."""
    packages = group(names)
    bare = [name for name in packages.others if "." not in name]
    if packages.python and bare:
        answer = session.evaluate(is_known_expression(packages.sets, bare))
        packages.adopt(answer)
    return packages


def _notes(packages: Packages) -> list[str]:
    return [
        f"{name} is taken from {of}; pkgs.{name} names the one outside of it"
        if is_elsewhere
        else f"{name} is taken from {of}"
        for name, (of, is_elsewhere) in packages.adopted.items()
    ]


def _has_hooks(output: str) -> bool:
    """Whether nix-shell would do more with it than put its programs on PATH."""
    return not os.path.isdir(f"{output}/bin") or any(
        os.path.exists(f"{output}/nix-support/{sign}") for sign in _SIGNS_OF_HOOKS
    )


def _shell(packages: Packages, session: Session) -> tuple[list[str], dict[str, str]]:
    """PATH and the other variables as they are inside of nix-shell, without what is only a build's."""
    found = session.shell(shell_expression(packages))
    path = [entry for entry in found.get("PATH", "").split(":") if entry.startswith(f"{session.store}/")]
    return path, kept_variables(found)
