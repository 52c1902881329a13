"""Packages that a command needs and the machine has not: taken from Nix, uv or a plug-in, outside of the sandbox.

A *source* turns names into an ``Environment``: programs for the front of PATH and variables. That is a step of its
own, so "no such package" and "the command failed" are never confused; what it found is kept, and a run that finds it
again pays a few calls of stat(2). This module is on that way, so it stands on ``os`` alone; what resolves is loaded
when something has to be.
"""

import os

from llmx.core.plugins import find, load
from llmx.core.process import DEFAULT_PATH
from llmx.core.sandbox import TEMPORARY
from llmx.core.sandbox.workspace import find_work, is_below_any
from llmx.errors import ExecError, PolicyError, UsageError
from llmx.exec.deps.kept import Environment, folder_of, recall
from llmx.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from llmx.exec.request import ExecRequest
    from llmx.exec.run import Run

    class Source(Protocol):
        """Where packages come from; a plug-in offers one under the entry point group ``llmx.deps``."""

        name: str
        title: str
        """As it is called in a sentence."""

        def parse(self, text: str) -> list[str]:
            """The names in what was typed; raises ``UsageError`` for one that could be anything but a name."""

        def key(self, wanted: "Wanted", place: "Place") -> str:
            """All that the environment depends on and that is known without starting a program.

            Raises ``ExecError`` where the source is not installed.
            """

        def resolve(self, wanted: "Wanted", place: "Place", folder: str) -> "Environment":
            """Get the packages; ``folder`` is the environment's own. Raises ``ExecError`` with the code ``deps``."""

        def package_of(self, command: str) -> str:
            """The package that brings this command, "" where that is not known."""


GROUP = "llmx.deps"
SOURCES = {"nix": "llmx.exec.deps.nix:SOURCE", "uv": "llmx.exec.deps.uv:SOURCE"}

STEERING = ("NIX_", "NIXPKGS_", "UV_", "PIP_", "PYTHON")
"""Variables by which a caller could have the step outside of the sandbox run something else."""

FOREIGN = ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PERL5LIB", "RUBYLIB", "NODE_PATH", "GEM_PATH", "GCONV_PATH")
"""Variables that would make a package's programs load the machine's libraries."""


class Wanted:
    """What is asked of one source. ``infers``: the package of a missing command is added; ``keeps``: use the cache."""

    __slots__ = ("infers", "is_locked", "is_pure", "keeps", "keeps_out", "names", "source")

    def __init__(
        self,
        source: "Source",
        names: list[str],
        *,
        is_pure: bool = False,
        infers: bool = False,
        keeps: bool = True,
        keeps_out: bool = False,
        is_locked: bool = False,
    ) -> None:
        self.source = source
        self.names = sorted(set(names))
        self.is_pure = is_pure
        self.infers = infers
        self.keeps = keeps
        self.keeps_out = keeps_out
        self.is_locked = is_locked

    def record(self) -> dict[str, object]:
        """What the execution log and the result tell of it."""
        return {"source": self.source.name, "packages": self.names}


class Place:
    """Where and how a source may work outside of the sandbox.

    ``env`` has a PATH of folders that no sandboxed command can write to; ``writable`` are those that one can.
    ``onward`` is a descriptor for progress, -1 for none.
    """

    __slots__ = ("cwd", "env", "onward", "writable")

    def __init__(self, request: "ExecRequest", *, is_locked: bool) -> None:
        env = request.own_env
        own_home = os.path.realpath(home(env))
        self.cwd = request.cwd
        self.writable = _work(os.path.realpath(request.cwd), own_home)
        if request.sandbox:
            opened = request.sandbox.arguments["write"]
            self.writable += [os.path.realpath(os.path.join(request.cwd, path)) for path in opened]
        kept = {name: value for name, value in env.items() if not (is_locked and name.startswith(STEERING))}
        self.env = kept | {"PATH": ":".join(self._trusted(env.get("PATH") or DEFAULT_PATH))}
        self.onward = -1

    def _trusted(self, path: str) -> list[str]:
        return [folder for folder in path.split(":") if folder[:1] == "/" and not self.is_planted(folder)]

    def is_planted(self, path: str) -> bool:
        """Whether a command in the sandbox may have put ``path``, or what it leads to, there."""
        return is_below_any(os.path.normpath(path), self.writable) or is_below_any(
            os.path.realpath(path), self.writable
        )

    def program(self, name: str) -> str:
        """The file of a program of the machine's own; "" where there is none."""
        for folder in self.env["PATH"].split(":"):
            file = f"{folder}/{name}"
            if os.access(file, os.X_OK) and os.path.isfile(file) and not self.is_planted(file):
                return file
        return ""


def _work(cwd: str, own_home: str) -> list[str]:
    try:
        return [find_work(cwd, own_home)[0]]
    except ExecError:  # a folder that no sandbox opens
        return []


class Provided:
    """What a run got: for its result, its hints and its sandbox."""

    __slots__ = ("notes", "parts")

    def __init__(self) -> None:
        self.parts: list[dict[str, object]] = []
        self.notes: list[str] = []


def wanted(typed: "Mapping[str, Any]", settings: "Mapping[str, Any]") -> "list[Wanted]":
    """What the options ask for, the one whose programs come first on PATH first."""
    named = typed.get("deps", [])
    chosen = [] if "nix_shell" not in typed else ["nix"]
    chosen += [typed["deps_from"]] if typed.get("deps_from", "nix") not in chosen and "deps_from" in typed else []
    if len(chosen) > 1:
        raise UsageError(f"--nix-shell and --deps-from {chosen[1]}: --deps can come from one of them only")
    if (named or "nix_pure" in typed) and not chosen:
        option = "--deps" if named else "--nix-pure"
        raise UsageError(
            f"{option}: nothing says where packages come from",
            hint=f"--nix-shell {option}{' ' + repr(' '.join(named)) if named else ''} takes them from Nix; "
            "--uv 'requests pandas' takes Python packages from the package index",
        )
    found = [_wanted("uv", typed["uv"], typed, settings)] if "uv" in typed else []
    return found + [_wanted(name, named, typed, settings) for name in chosen]


def _wanted(name: str, texts: list[str], typed: "Mapping[str, Any]", settings: "Mapping[str, Any]") -> Wanted:
    is_nix, is_locked = name == "nix", bool(settings["exec.policy.lock"])
    _permit(name, settings, is_locked=is_locked)
    source = _source(name)
    names = [word for text in texts for word in source.parse(text)]
    if texts and not names:
        raise UsageError(f"--{'uv' if name == 'uv' else 'deps'} names no package", hint="for example 'ripgrep fd'")
    if not (names or is_nix):
        raise UsageError(f"--deps-from {name} needs --deps 'PACKAGE ...'")
    return Wanted(
        source,
        names,
        is_pure=is_nix and "nix_pure" in typed,
        infers=is_nix and settings["exec.nix_shell.auto_deps"],
        keeps=bool(settings["exec.nix_shell.cache"]) if is_nix else True,
        keeps_out=is_nix and bool(settings["exec.nix_shell.sandbox"]),
        is_locked=is_locked,
    )


def _permit(name: str, settings: "Mapping[str, Any]", *, is_locked: bool) -> None:
    key = {"nix": "exec.nix_shell.enabled", "uv": "exec.uv.enabled"}.get(name)
    if key and not settings[key]:
        raise PolicyError(
            f"--{'nix-shell' if name == 'nix' else 'uv'}: {key} is false",
            hint=f"llmx config show --sources {key} names the file that says so",
        )
    if is_locked and settings["exec.policy.allow"]:
        raise PolicyError(
            "packages could bring any program under a name that exec.policy.allow permits, and exec.policy.lock is set",
            hint="install what is needed, and run it without packages",
        )


def _source(name: str) -> "Source":
    source: Source | None = find(GROUP, name, SOURCES)
    if source is None:
        known = ", ".join(load("llmx.core.plugins:names")(GROUP, SOURCES))
        raise UsageError(f"--deps-from {name}: nothing of that name gives packages", hint=f"there is {known}")
    return source


def provide(run: "Run") -> bool:
    """Get what the run wants and put it into its request; False when the user interrupted that."""
    request = run.request
    if run.outer:
        raise ExecError(
            "packages come from outside of the sandbox, and this llm-exec runs inside of one",
            code="deps",
            hint="name them to the outer llm-exec",
        )
    run.provided = Provided()
    place = Place(request, is_locked=any([one.is_locked for one in request.deps]))  # noqa: C419
    if not (request.quiet or request.report):
        place.onward = 2
    for one in reversed(request.deps):
        try:
            environment = _obtain(one, place, run)
            if one.infers:
                environment = _with_missing(one, environment, place, run)
        except KeyboardInterrupt as stop:
            load("llmx.exec.deps.step:note_interrupt")(run.ending, *stop.args)
            return False
        if environment:
            apply(environment, one, request)
    for note in run.provided.notes:
        _say(place, note)
    return True


def _say(place: Place, words: str) -> None:
    """One line of llmx's own where live output goes."""
    if place.onward >= 0:
        os.write(place.onward, f"llm-exec: {words}\n".encode(errors="replace"))


def _obtain(one: Wanted, place: Place, run: "Run") -> "Environment | None":
    """The environment of what is wanted, from the cache where it still holds."""
    if not one.names:
        return None
    provided = run.provided
    key = one.source.key(one, place)
    folder = folder_of(run.request.env, one.source.name, key)
    found = recall(folder, key) if one.keeps else None
    facts: dict[str, object] = {**one.record(), "cached": found is not None}
    if found is None:
        started = run.clock()
        _say(place, f"asking {one.source.title} for {' '.join(one.names)}")
        found = load("llmx.exec.deps.resolving:resolve")(one, place, folder, key)
        facts["resolve_s"] = round(run.clock() - started, 3)
    if provided:
        provided.parts = [part for part in provided.parts if part["source"] != one.source.name] + [facts]
        provided.notes += [note for note in found.notes if note not in provided.notes]
    return found


def _with_missing(one: Wanted, found: "Environment | None", place: Place, run: "Run") -> "Environment | None":
    """The environment with the packages of what the command line runs and nobody has."""
    request = run.request
    path = [*(found.path if found else ()), *([] if one.is_pure else (request.env.get("PATH") or "").split(":"))]
    names = request.argv[:1]
    if request.is_shell:
        names = load("llmx.exec.deps.shell_line:commands")(request.argv[2])
    packages = {}
    for name in names:
        if "/" not in name and not any([os.access(os.path.join(request.cwd, at, name), os.X_OK) for at in path]):  # noqa: C419
            packages[name] = one.source.package_of(name)
    missing = {name: package for name, package in packages.items() if package and package not in one.names}
    if not missing:
        return found
    one.names = sorted({*one.names, *missing.values()})
    more = _obtain(one, place, run)
    if run.provided:
        run.provided.notes += [
            f"{name} is not installed: it comes from {one.source.title}'s package {package}"
            for name, package in missing.items()
        ]
    return more


def apply(environment: "Environment", one: Wanted, request: "ExecRequest") -> None:
    """Let the run's command see the environment, in the sandbox too."""
    own = {name: value for name, value in request.env.items() if not (one.keeps_out and name in FOREIGN)}
    path = [*environment.path, *([] if one.is_pure else [own.get("PATH") or DEFAULT_PATH])]
    request.env = own | environment.variables | {"PATH": ":".join(path)}
    if request.sandbox:
        arguments = request.sandbox.arguments
        arguments["env_add"] = [
            *(f"{name}={value}" for name, value in environment.variables.items()),
            *arguments["env_add"],
        ]
        hidden = load("llmx.core.sandbox:hidden_folders")(request.own_env, os.path.realpath(home(request.own_env)))
        arguments["read"] += [path for path in environment.shown if is_below_any(path, (*hidden, *TEMPORARY))]
