"""The Nix expressions that llm-exec has evaluated. Names stand in them as quoted attributes, and were validated."""

import json

SET = "Packages"


class Packages:
    """Names by what has to be made of them.

    ``python``: for each set of Python packages, the names in it; ``others``: attribute paths. ``adopted``: bare names
    that were taken from a set -> that set, and whether they exist outside of it as well.
    """

    def __init__(self, python: dict[str, list[str]], others: list[str]) -> None:
        self.python = python
        self.others = others
        self.adopted: dict[str, tuple[str, bool]] = {}

    @property
    def sets(self) -> list[str]:
        """The sets of Python packages, in the order in which a bare name is looked for in them."""
        return list(self.python)

    def adopt(self, found: dict[str, dict[str, bool]]) -> None:
        """Take the bare names that a set has from there; ``found`` is the value of ``is_known_expression``."""
        for name, known in found.items():
            if of := next((of for of in self.sets if known[of]), ""):
                self.others.remove(name)
                self.python[of].append(name)
                self.adopted[name] = (of, known[""])


def group(names: list[str]) -> Packages:
    """Sort ``names`` into Python's packages by their sets, and others."""
    python: dict[str, list[str]] = {}
    others = []
    for name in names:
        of, dot, inner = name.partition(".")
        if dot and _is_of_python(of):
            python.setdefault(of, []).append(inner)
        else:
            others.append(name)
    return Packages(python, others)


def _is_of_python(of: str) -> bool:
    """Whether it is a set such as ``python311Packages`` or ``pypy3Packages``."""
    interpreter = of.removesuffix(SET).rstrip("0123456789")
    return of.endswith(SET) and interpreter in ("python", "pypy")


def quoted(name: str) -> str:
    """The attribute path with every part as a string."""
    return ".".join(json.dumps(part) for part in name.split("."))


_PREAMBLE = """let
  pkgs = import <nixpkgs> { };
  package = name: value:
    if builtins.isAttrs value && (value.type or "") == "derivation" then value
    else throw "${name} is in nixpkgs, but it is not a package";
in """


def is_known_expression(sets: list[str], names: list[str]) -> str:
    """Evaluates to ``{name: {set: whether it is there, "": whether it is outside of the sets}}``."""
    rows = []
    for name in names:
        at = [f"{quoted(of)} = pkgs.{quoted(of)} ? {quoted(name)};" for of in sets]
        rows.append(f'{quoted(name)} = {{ {" ".join(at)} "" = pkgs ? {quoted(name)}; }};')
    return f"{_PREAMBLE}{{ {' '.join(rows)} }}"


def tools_expression(packages: Packages) -> str:
    """A list of derivations: an interpreter with its packages for each set of Python, then each other package."""
    return f"{_PREAMBLE}[ {' '.join(_derivations(packages))} ]"


def shell_expression(packages: Packages) -> str:
    """What ``nix-shell -p`` makes: a derivation that nobody builds and whose inputs' hooks are run."""
    inputs = " ".join(_derivations(packages))
    return f'{_PREAMBLE}(pkgs.runCommandCC or pkgs.runCommand) "llm-exec" {{ buildInputs = [ {inputs} ]; }} ""'


def _derivations(packages: Packages) -> list[str]:
    found = []
    for of, names in packages.python.items():
        chosen = " ".join(f"p.{quoted(name)}" for name in names)
        found.append(f"(pkgs.{quoted(of.removesuffix(SET))}.withPackages (p: [ {chosen} ]))")
    return found + [f"(package {json.dumps(name)} pkgs.{quoted(name)})" for name in packages.others]
