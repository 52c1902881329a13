"""What the options ask of which source of packages, and whether the settings permit that."""

from llmx.core.plugins import find, load
from llmx.errors import PolicyError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from llmx.exec.deps.kept import Environment
    from llmx.exec.deps.place import Place

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
        option, example = ("--uv", "requests pandas") if name == "uv" else ("--deps", "ripgrep fd")
        raise UsageError(f"{option} names no package", hint=f"for example {option} '{example}'")
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
