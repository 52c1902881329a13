"""Talk to the user's Nix while one environment is resolved, and note everything that the answer stands on."""

import json
import os
import re
import shlex
import time

from llmx.core.settings.sources import shown
from llmx.errors import ExecError
from llmx.exec.deps.kept import AN_HOUR, identity
from llmx.exec.deps.nix import INSTALL
from llmx.exec.deps.nix_hints import likely
from llmx.exec.deps.step import Done, perform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from llmx.exec.deps.kept import Identity
    from llmx.exec.deps.place import Place

_READ = re.compile(r"^(?:evaluating file|copied source) '(/[^']+)'", re.MULTILINE)
_UNKNOWN = re.compile(r"error: (?:attribute|undefined variable) '([^']+)'")
_CHATTY = ("-vv",)
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SUGGESTED_FROM = "let pkgs = import <nixpkgs> { }; in builtins.attrNames pkgs"
_CONFIGURATION = ("/etc/nix/nix.conf", "/etc/nix/registry.json")
_OWN_CONFIGURATION = (
    "nix/nix.conf",
    "nix/registry.json",
    "nixpkgs/config.nix",
    "nixpkgs/overlays.nix",
    "nixpkgs/overlays",
)
_LOG = 4  # lines of a failed build's log that the error quotes
_OF_NIX = ("building '", "these ", "this derivation ", "  /", "copying path")
_BASH = ("/bin/bash", "/run/current-system/sw/bin/bash")


class Session:
    """One resolution. ``links``: references that were followed and where to; ``store``: the folder of all packages."""

    def __init__(self, place: "Place", folder: str) -> None:
        self.store = ""
        self.links: dict[str, str] = {}
        self.expires = 0.0
        self._place = place
        self._folder = folder
        self._search: list[str] = []
        self._read: set[str] = set()
        self._refuse_planted()

    def locate(self) -> None:
        """Find nixpkgs: what ``<nixpkgs>`` leads to, else what flakes call nixpkgs, pinned."""
        self._read.update(self._configuration())
        asked = self._run("nix-instantiate", "--find-file", "nixpkgs")
        found = asked.out.strip()
        if asked.code:
            found = self._pin()
            self._search = ["-I", f"nixpkgs={found}"]
            self.expires = time.time() + AN_HOUR
        elif self._is_moving(found):
            self.expires = time.time() + AN_HOUR
        else:
            self.links[found] = os.path.realpath(found)
        self._place.refuse(found, "nixpkgs")

    def evaluate(self, expression: str) -> "Any":  # noqa: ANN401  # what Nix evaluates to
        """The value of an expression."""
        done = self._run("nix-instantiate", "--eval", "--strict", "--json", *_CHATTY, *self._search, "-E", expression)
        return json.loads(self._checked(done).out)

    def build(self, expression: str, name: str) -> list[str]:
        """Build or fetch the derivations of a list; their outputs, each protected from Nix's garbage collector."""
        done = self._run("nix-instantiate", *_CHATTY, *self._search, "-E", expression)
        derivations = self._checked(done).out.split()
        for path in self._read:
            self._place.refuse(path, "nixpkgs")
        return self.root(name, derivations) if derivations else []

    def root(self, name: str, paths: list[str]) -> list[str]:
        """Have the paths, with links in the environment's folder that keep them from the garbage collector."""
        if not paths:
            return []
        link = f"{self._folder}/{name}"
        done = self._run("nix-store", "--realise", "--add-root", link, "--indirect", *paths, is_seen=True)
        links = self._checked(done).out.split()
        outputs = [os.readlink(link) for link in links]
        self.store = os.path.dirname(outputs[0])
        return outputs

    def shell(self, expression: str) -> dict[str, str]:
        """The variables inside of the nix-shell of an expression, and none from outside."""
        file = f"{self._folder}/variables"
        bash = next((path for path in _BASH if os.path.exists(path)), "")
        command = f"/usr/bin/env -0 > {shlex.quote(file)}"
        words = ["--pure", *_CHATTY, *self._search, "-E", expression, "--run", command]
        self._checked(self._run("nix-shell", *words, is_seen=True, more={"NIX_BUILD_SHELL": bash} if bash else {}))
        with open(file, encoding="utf-8", errors="surrogateescape") as written:
            pairs = [entry.partition("=") for entry in written.read().split("\0") if "=" in entry]
        os.unlink(file)
        self.store = self.store or self.evaluate("builtins.storeDir")
        return {variable: value for variable, _, value in pairs}

    def watched(self) -> "dict[str, Identity | None]":
        """Every file outside of the store that was read, or looked for, as it is now."""
        inside = f"{self.store}/"
        return {path: identity(path) for path in sorted(self._read) if not path.startswith(inside)}

    def _configuration(self) -> list[str]:
        env = self._place.env
        own = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME', '')}/.config"
        return [*_CONFIGURATION, *(f"{own}/{name}" for name in _OWN_CONFIGURATION)]

    def _pin(self) -> str:
        """The store path of the nixpkgs that flakes mean."""
        features = ("--extra-experimental-features", "nix-command flakes")
        done = self._run("nix", *features, "flake", "prefetch", "nixpkgs", "--json")
        if done.code:
            raise ExecError(
                f"Nix finds no nixpkgs: {(said := _words(done))}",
                code="deps",
                hint=_remedy(said)
                or "nix-channel --add https://nixos.org/channels/nixpkgs-unstable nixpkgs; nix-channel --update",
            )
        return str(json.loads(done.out)["storePath"])

    def _is_moving(self, found: str) -> bool:
        """Whether it was fetched from a URL or a channel, whose content may change."""
        return "/store/" in found and found not in self._place.env.get("NIX_PATH", "")

    def _run(self, name: str, *words: str, is_seen: bool = False, more: dict[str, str] | None = None) -> Done:
        program = self._place.program(name)
        if not program:
            raise ExecError(f"--nix-shell: there is no {name} on the PATH", code="deps", hint=INSTALL)
        env = self._place.env | {"LC_ALL": "C", "NO_COLOR": "1"} | (more or {})
        onward = self._place.onward if is_seen and os.isatty(2) else -1
        done = perform([program, *words], env=env, cwd=self._place.cwd, onward=onward)
        self._read.update(_READ.findall(done.err))
        return done

    def _checked(self, done: Done) -> Done:
        """``done``, or the error that its words mean."""
        if done.code == 0:
            return done
        said = _words(done)
        if unknown := _UNKNOWN.search(said):
            raise ExecError(f"Nix has no package {unknown[1]}: {said}", code="deps", hint=self._suggest(unknown[1]))
        raise ExecError(f"Nix could not provide the packages: {said}", code="deps", hint=_remedy(said))

    def _suggest(self, name: str) -> str:
        listed = self._run("nix-instantiate", "--eval", "--strict", "--json", *self._search, "-E", _SUGGESTED_FROM)
        known = json.loads(listed.out) if listed.code == 0 else []
        near = likely(name, known)
        searched = "https://search.nixos.org/packages finds the names"
        return f"did you mean {near}? {searched}" if near else searched

    def _refuse_planted(self) -> None:
        """Refuse to be steered by what a command in the sandbox may have written: this runs outside of it."""
        place = self._place
        for path in self._configuration():
            place.refuse(path, path)
        for entry in place.env.get("NIX_PATH", "").split(":"):
            if (path := entry.rpartition("=")[2]) and not path.startswith("//"):  # the rest of a URL
                place.refuse(os.path.join(place.cwd, path), "NIX_PATH")
        for name, value in place.env.items():
            if name.startswith("NIX_") and name != "NIX_PATH":
                for part in re.split(r"[:=\s]+", value):
                    if part.startswith((".", "/")):
                        place.refuse(os.path.join(place.cwd, part), name)


def _words(done: Done) -> str:
    """Nix's error in one line, without the trace and the chatter around it."""
    text = _COLORS.sub("", done.err)
    before, is_failed_build, after = text.partition("error: builder ")
    if is_failed_build:
        log = [line for line in before.splitlines()[-_LOG:] if not line.startswith(_OF_NIX)]
        return "; ".join([shown(f"error: builder {after.splitlines()[0].rstrip(';')}"), *map(shown, log)])
    lines = [line.strip() for line in text.rpartition("error:")[2].splitlines()]
    return next((shown(f"error: {line}") for line in lines if line), f"it ended with exit code {done.code}")


def _remedy(said: str) -> str | None:
    if "Read-only file system" in said:
        return "inside of a sandbox nothing can be provided: name the packages to the llm-exec outside"
    if "Permission denied" in said or "could not set permissions" in said:
        return "Nix's store is not this user's: a Nix with its daemon (systemctl start nix-daemon) serves every user"
    if "unfree" in said:
        return "NIXPKGS_ALLOW_UNFREE=1 allows it"
    if "build" in said and "failed" in said:
        return "nix-shell -p with the same names shows the whole log"
    return None
