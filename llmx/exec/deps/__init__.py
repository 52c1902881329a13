"""Packages that a command needs and the machine has not: taken from Nix, uv or a plug-in, outside of the sandbox.

A *source* turns names into an ``Environment``: programs for the front of PATH and variables. That is a step of its
own, so "no such package" and "the command failed" are never confused; what it found is kept, and a run that finds it
again pays a few calls of stat(2). This is on that way, so it stands on ``os`` alone; what resolves is loaded when
something has to be.
"""

import os

from llmx.core.plugins import load
from llmx.core.process import DEFAULT_PATH
from llmx.core.sandbox import TEMPORARY, hidden_folders
from llmx.core.sandbox.workspace import is_below_any
from llmx.errors import ExecError
from llmx.exec.deps.kept import Environment, folder_of, recall
from llmx.exec.deps.place import Place
from llmx.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.request import ExecRequest
    from llmx.exec.run import Run

FOREIGN = ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PERL5LIB", "RUBYLIB", "NODE_PATH", "GEM_PATH", "GCONV_PATH")
"""Variables that would make a package's programs load the machine's libraries."""


class Provided:
    """What a run got, for its result: the facts of each source, and what the user should know."""

    __slots__ = ("notes", "parts")

    def __init__(self) -> None:
        self.parts: list[dict[str, object]] = []
        self.notes: list[str] = []


def provide(run: "Run") -> bool:
    """Get what the run wants and put it into its request; False when the user has interrupted that."""
    if run.outer:
        raise ExecError(
            "packages come from outside of the sandbox, and this llm-exec runs inside of one",
            code="deps",
            hint="name them to the llm-exec outside",
        )
    run.provided = Provided()
    try:
        furnish(run.request, run.provided)
    except KeyboardInterrupt as stop:
        load("llmx.exec.deps.step:note_interrupt")(run.ending, *stop.args)
        return False
    return True


def furnish(request: "ExecRequest", provided: Provided, *, resolves: bool = True) -> bool:
    """Let the request's command see all that it wants; False where something is not kept and must not be resolved."""
    place = Place(request, is_locked=any([one.is_locked for one in request.deps]))  # noqa: C419  # a list is faster
    place.onward = -1 if request.quiet or request.report or not resolves else 2
    for one in reversed(request.deps):  # what is added last stands first on PATH
        supply = Supply(one, place, request, resolves=resolves)
        environment = supply.complete()
        provided.parts += supply.facts
        provided.notes += supply.notes
        if supply.is_unknown:
            return False
        if environment:
            _add(environment, one, request)
        elif one.is_pure:
            hint = "--nix-shell --nix-pure --deps 'NAME ...'"
            raise ExecError("--nix-pure: no package is named or known to bring the command", code="deps", hint=hint)
    for note in provided.notes:
        place.say(note)
    return True


class Supply:
    """What one source gives to one run. ``is_unknown``: it is not kept, and must not be resolved."""

    __slots__ = ("_one", "_place", "_request", "_resolves", "facts", "is_unknown", "notes")

    def __init__(self, one: "Wanted", place: Place, request: "ExecRequest", *, resolves: bool) -> None:
        self.facts: list[dict[str, object]] = []
        self.notes: list[str] = []
        self.is_unknown = False
        self._one = one
        self._place = place
        self._request = request
        self._resolves = resolves

    def complete(self) -> Environment | None:
        """The environment of what is named, and of the commands that nobody has."""
        found = self._obtain() if self._one.names else None
        if self.is_unknown or not self._one.infers:
            return found
        missing = self._missing(found)
        if not missing:
            return found
        one = self._one
        one.names = sorted({*one.names, *missing.values()})
        found = self._obtain()
        self.notes += [
            f"{name} is not installed: it comes from {one.source.title}'s package {package}"
            for name, package in missing.items()
        ]
        return found

    def _obtain(self) -> Environment | None:
        """The environment of the names, from the cache where it still holds."""
        one, place = self._one, self._place
        key = one.source.key(one, place)
        folder = folder_of(self._request.own_env, one.source.name, key)
        found = recall(folder, key) if one.keeps else None
        self.facts = [{**one.record(), "cached": found is not None}]
        if found is None and self._resolves:
            place.say(f"asking {one.source.title} for {' '.join(one.names)}")
            found, seconds = load("llmx.exec.deps.resolving:resolve")(one, place, folder, key)
            self.facts[0]["resolve_s"] = seconds
        self.is_unknown = found is None
        self.notes = list(found.notes) if found else []
        return found

    def _missing(self, found: Environment | None) -> dict[str, str]:
        """The commands that are nowhere on PATH, and the packages that bring them."""
        request = self._request
        machine = [] if self._one.is_pure else (request.env.get("PATH") or DEFAULT_PATH).split(":")
        path = [os.path.join(request.cwd, folder) for folder in (*(found.path if found else ()), *machine)]
        names = [request.argv[0]]
        if request.is_shell:
            names = load("llmx.exec.deps.shell_line:commands")(request.argv[2])
        packages = {
            name: self._one.source.package_of(name)
            for name in names
            if "/" not in name and not any([os.access(f"{folder}/{name}", os.X_OK) for folder in path])  # noqa: C419
        }
        return {name: package for name, package in packages.items() if package and package not in self._one.names}


def _add(environment: Environment, one: "Wanted", request: "ExecRequest") -> None:
    """Let the command see the environment, in the sandbox too."""
    own = {name: value for name, value in request.env.items() if not (one.keeps_out and name in FOREIGN)}
    path = [*environment.path, *([] if one.is_pure else [own.get("PATH") or DEFAULT_PATH])]
    request.env = own | environment.variables | {"PATH": ":".join(path)}
    if request.sandbox:
        arguments = request.sandbox.arguments
        words = [f"{name}={value}" for name, value in environment.variables.items()]
        arguments["env_add"] = [*words, *arguments["env_add"]]  # what the user sets comes later, and counts
        hidden = (*hidden_folders(request.own_env, os.path.realpath(home(request.own_env))), *TEMPORARY)
        arguments["read"] += [folder for folder in environment.shown if is_below_any(folder, hidden)]
