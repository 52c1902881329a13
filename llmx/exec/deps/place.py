"""Where packages are resolved: outside of the sandbox, and steered by nothing that was written inside of one."""

import os

from llmx.core.plugins import load
from llmx.core.process import DEFAULT_PATH
from llmx.core.sandbox.workspace import find_work, is_below_any
from llmx.errors import ExecError
from llmx.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.request import ExecRequest

KEPT_BEHIND_A_LOCK = frozenset(
    str.split("USER LOGNAME LANG LC_ALL TERM TZ http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY")
)
"""Variables by which a caller cannot have something else run or fetched outside of the sandbox."""


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
        kept = dict(env)
        if is_locked:
            kept = {name: value for name, value in env.items() if name in KEPT_BEHIND_A_LOCK}
            kept["HOME"] = load("pwd:getpwuid")(os.getuid()).pw_dir
        self.env = kept | {"PATH": ":".join(self._trusted(env.get("PATH") or DEFAULT_PATH))}
        self.onward = -1

    def _trusted(self, path: str) -> list[str]:
        return [folder for folder in path.split(":") if folder[:1] == "/" and not self.is_planted(folder)]

    def is_planted(self, path: str) -> bool:
        """Whether a command in the sandbox may have put ``path``, or what it leads to, there."""
        return is_below_any(os.path.normpath(path), self.writable) or is_below_any(
            os.path.realpath(path), self.writable
        )

    def refuse(self, path: str, what: str) -> None:
        """Raise ``ExecError`` for a planted path, which ``what`` leads to."""
        if self.is_planted(path):
            raise ExecError(
                f"{what}: {path} lies where commands in the sandbox may write, and it is read outside of the sandbox",
                code="deps",
                hint=f"have {what} lead elsewhere, or --cwd DIR to another project",
            )

    def program(self, name: str) -> str:
        """The file of a program of the machine's own; "" where there is none."""
        for folder in self.env["PATH"].split(":"):
            file = f"{folder}/{name}"
            if os.access(file, os.X_OK) and os.path.isfile(file) and not self.is_planted(file):
                return file
        return ""

    def say(self, words: str) -> None:
        """One line of llmx's own, where live output goes."""
        if self.onward >= 0:
            os.write(self.onward, f"llm-exec: {words}\n".encode(errors="replace"))


def _work(cwd: str, own_home: str) -> list[str]:
    try:
        return [find_work(cwd, own_home)[0]]
    except ExecError:  # a folder that no sandbox opens
        return []
