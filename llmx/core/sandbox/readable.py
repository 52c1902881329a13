"""What shows through, read-only, where the home folder and others are hidden: programs and their parts, no secrets."""

import os
import sys

from llmx.core.plugins import load
from llmx.core.sandbox.workspace import holds_secrets, is_below, is_below_any
from llmx.errors import ExecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# below the home folder, whoever asks
_ALWAYS = tuple(
    str.split(
        ".gitconfig .config/git/config .config/git/ignore .config/git/attributes .local/bin .local/lib"
        " .local/share/uv/python .local/share/uv/tools .local/share/pipx/venvs .local/pipx/venvs"
        " .cargo/bin .rustup .pyenv .nvm go/bin go/pkg"
    )
)

# variable -> what is opened of the folder it names, if that folder has the mark (any of them): a variable may be wrong
_BY_VARIABLE = {
    "VIRTUAL_ENV": (("pyvenv.cfg",), ("",)),
    "CONDA_PREFIX": (("conda-meta",), ("",)),
    "PYENV_ROOT": (("versions",), ("",)),
    "NVM_DIR": (("nvm.sh", "versions"), ("",)),
    "RUSTUP_HOME": (("toolchains",), ("",)),
    "CARGO_HOME": (("bin",), ("bin",)),
    "GOROOT": (("VERSION",), ("",)),
    "GOPATH": (("pkg",), ("bin", "pkg")),
    "JAVA_HOME": (("release",), ("",)),
    "HF_HOME": (("hub", "datasets"), ("hub", "datasets")),
}

_BINARIES = ("bin", "sbin", ".bin", "shims", "condabin", "scripts", "tools")
_WHOLE = ("conda-meta", "pyvenv.cfg", "Cellar")  # what marks an installation that is nothing else
_MANAGERS = frozenset(  # of versions: programs that are links into, or find, the rest of the folder
    str.split(".asdf .elan .ghcup .goenv .jenv .juliaup .nodenv .pyenv .rbenv .swiftly .volta mise")
)
_LAYOUT = ("bin", "lib", "lib64", "libexec", "include", "share")  # an installation's parts
_RUN = ("/run/current-system", "/run/opengl-driver", "/run/wrappers")  # NixOS


class Openings:
    """Collects what exists inside hidden trees and may be shown.

    ``paths`` is what was found, wide ones first; ``targets``: where those of them lead that go along a link.
    """

    def __init__(self, env: "Mapping[str, str]", home: str, trees: "Iterable[str]", visible: "Iterable[str]") -> None:
        self.paths: list[str] = []
        self.targets: dict[str, str] = {}
        self._env = env
        self._home = home
        self._trees = tuple(f"{tree}/" for tree in trees)
        self._visible = list(visible)

    def collect(self) -> list[str]:
        """The allow-list: what exists of it."""
        for name in _ALWAYS:
            self.show(f"{self._home}/{name}")
        for path in _RUN:
            self.show(path)
        self._show_interpreter()
        for variable, (marks, parts) in _BY_VARIABLE.items():
            if folder := self._env.get(variable, ""):
                self._show_marked(os.path.normpath(folder), marks, parts)
        self._show_model_cache()
        for entry in self._env.get("PATH", "").split(":"):
            if entry.startswith(self._trees):
                self._show_path_entry(os.path.normpath(entry))
        self._show_links(f"{self._home}/.local/bin")
        return self.paths

    def show_network(self, variables: tuple[str, ...]) -> tuple[str, ...]:
        """Open what programs that use the network read: who answers for names, what ``variables`` name."""
        self.show(os.path.realpath("/etc/resolv.conf"))
        for name in variables:
            for path in self._env.get(name, "").split(":"):
                if path.startswith("/"):
                    self.show(os.path.normpath(path))
        return variables

    def is_hidden(self, path: str) -> bool:
        """Whether ``path`` lies in a hidden tree and nothing opened shows it."""
        return path.startswith(self._trees) and not is_below_any(path, self._visible)

    def variables(self) -> dict[str, str]:
        """What tells a program where to find that which it would look for elsewhere, as its caches are redirected."""
        folder = self._model_cache()
        return {"HF_HOME": folder} if {f"{folder}/hub", f"{folder}/datasets"}.intersection(self.paths) else {}

    def show(self, path: str) -> bool:
        """Open ``path`` if it is hidden, exists and holds no secrets, itself or behind a link."""
        if not self.is_hidden(path) or not os.path.exists(path):
            return False
        target = os.path.realpath(path)
        if holds_secrets(path, self._home) or holds_secrets(target, self._home):
            return False
        if target != path:
            if not self._is_followed(path):
                return False
            self.targets[path] = target
        self.paths.append(path)
        self._visible.append(path)
        return True

    def _is_followed(self, path: str) -> bool:
        """Whether the way there leads along no link that a command in another project may have made."""
        try:
            load("llmx.core.sandbox.typed:follow")("PATH", path, self._home)
        except ExecError:
            return False
        return True

    def _show_interpreter(self) -> None:
        """What runs this very program, so that it runs inside as well."""
        for path in (sys.executable, sys.base_prefix, __file__):
            if not self.is_hidden(path):
                continue
            if path is __file__:
                self.show(path.rpartition("/core/")[0])
            else:
                self._show_installation(os.path.dirname(os.path.dirname(path)) if path is sys.executable else path)

    def _show_marked(self, folder: str, marks: tuple[str, ...], parts: tuple[str, ...]) -> None:
        if not self.is_hidden(folder) or not any(os.path.exists(f"{folder}/{mark}") for mark in marks):
            return
        for part in parts:
            self.show(f"{folder}/{part}" if part else folder)
        if "pyvenv.cfg" in marks:  # what it was made from, which may be on no PATH
            base = os.path.realpath(f"{folder}/bin/python")
            if self.is_hidden(base):
                self._show_installation(os.path.dirname(os.path.dirname(base)))

    def _show_model_cache(self) -> None:
        """The models, not the token that lies beside them."""
        if "HF_HOME" not in self._env:
            self._show_marked(self._model_cache(), *_BY_VARIABLE["HF_HOME"])

    def _model_cache(self) -> str:
        caches = self._env.get("XDG_CACHE_HOME") or f"{self._home}/.cache"
        return self._env.get("HF_HOME") or f"{caches}/huggingface"

    def _show_path_entry(self, entry: str) -> None:
        folder, _, name = entry.rpartition("/")
        if not self.is_hidden(entry):
            return
        if name == ".bin" and folder.endswith("/node_modules"):
            self.show(folder)
        elif name not in _BINARIES:
            if not is_dotted(entry, self._home):
                self.show(entry)
        else:
            if folder != self._home:
                self._show_installation(folder)
            self.show(entry)

    def _show_installation(self, root: str) -> None:
        is_whole = os.path.basename(root) in _MANAGERS or any(os.path.exists(f"{root}/{mark}") for mark in _WHOLE)
        if is_whole and self.show(root):
            return
        for part in _LAYOUT:
            self.show(f"{root}/{part}")

    def _show_links(self, folder: str) -> None:
        """What the links in ``folder`` stand for: programs whose parts were installed elsewhere."""
        try:
            entries = [entry.path for entry in os.scandir(folder) if entry.is_symlink()]
        except OSError:
            return
        for link in entries:
            target = os.path.normpath(os.path.join(folder, os.readlink(link)))
            if self.is_hidden(target):
                self._show_target(os.path.realpath(target))

    def _show_target(self, target: str) -> None:
        root = os.path.dirname(os.path.dirname(target))
        package, found, _ = target.rpartition("/node_modules/")
        if found:
            self.show(f"{package}/node_modules")
        elif os.path.exists(f"{root}/pyvenv.cfg"):
            self.show(root)
        else:
            self.show(target)


def is_dotted(path: str, home: str) -> bool:
    """Whether ``path`` lies in a folder of ``home`` that a program, not a person, has named."""
    return is_below(path, home) and path[len(home) + 1 :].startswith(".")
