"""Nix as a source: what its names look like, and what an environment depends on, without starting Nix."""

import os

from llmx.core.plugins import load
from llmx.errors import ExecError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.deps.kept import Environment
    from llmx.exec.deps.place import Place

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHARACTERS = f"{_LETTERS}0123456789_'+-"
_TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "data")

INSTALL = (
    "https://nixos.org/download says how to install Nix (on Debian: sudo apt-get install nix-bin);"
    " --uv takes Python packages without it"
)


class Nix:
    """The user's own Nix with the user's own nixpkgs and substituters."""

    name = "nix"
    title = "Nix"

    def parse(self, text: str) -> list[str]:
        """Attribute names of nixpkgs. Nix itself would take any expression, which could read and run anything."""
        words = text.replace(",", " ").split()
        names = [word.removeprefix("nixpkgs#").removeprefix("nixpkgs.") for word in words]
        for name in names:
            if not is_attribute(name):
                raise UsageError(f"--deps {name}: not the name of a package in nixpkgs", hint=_meant(name))
        return names

    def key(self, wanted: "Wanted", place: "Place") -> str:
        """The names in one order, the Nix that is there, and everything in the environment that it obeys."""
        env = place.env
        program = place.program("nix-shell")
        if not program:
            raise ExecError("--nix-shell: there is no nix-shell on the PATH", code="deps", hint=INSTALL)
        facts = os.stat(program)
        steering = sorted([item for item in env.items() if item[0].startswith(("NIX_", "NIXPKGS_", "XDG_CONFIG_"))])
        where = place.cwd if _is_relative(env.get("NIX_PATH", "")) else ""
        return repr(
            (
                (2, wanted.names, wanted.is_pure, where, env.get("HOME", ""), steering),
                (os.path.realpath(program), facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size),
            )
        )

    def resolve(self, wanted: "Wanted", place: "Place", folder: str) -> "Environment":
        """Evaluate, build or fetch, and say what a command needs of it."""
        found: Environment = load("llmx.exec.deps.nix_environment:resolve")(wanted, place, folder)
        return found

    def package_of(self, command: str) -> str:
        """By a table; Nix's own index of all programs is not on every machine."""
        return packages().get(command, "")


SOURCE = Nix()


def is_attribute(name: str) -> bool:
    """Whether ``name`` is an attribute path such as ``python311Packages.langchain`` and can be nothing else."""
    parts = name.split(".")
    return parts[0][:1] in (*_LETTERS, "_") and all([part and not part.strip(_CHARACTERS) for part in parts])  # noqa: C419


def _is_relative(nix_path: str) -> bool:
    return any([not entry.partition("=")[2].startswith("/") for entry in nix_path.split(":") if "=" in entry])  # noqa: C419


def _meant(name: str) -> str:
    bare = name.rpartition("#")[2]
    if bare != name and is_attribute(bare):
        return f"write {bare}: the packages come from the nixpkgs that NIX_PATH names"
    package, _, version = bare.partition("@") if "@" in bare else bare.partition("=")
    if version and is_attribute(package):
        return (
            f"nixpkgs has one version of each: write {package}; https://search.nixos.org/packages knows others' names"
        )
    return "--deps 'ripgrep python311Packages.requests': names with dots, as https://search.nixos.org/packages has them"


def packages() -> dict[str, str]:
    """The package of each command that is known to come from one."""
    with open(f"{_TABLE}/nix-packages.txt", encoding="ascii") as file:
        rows = [line.split() for line in file if line[:1] not in ("#", "\n")]
    return {command: row[0] for row in rows for command in row[1:] or row[:1]}
