"""What was meant by a command that does not exist or cannot be executed."""

import os
import shlex

from llmx.errors import nearest
from llmx.exec.bash_hints import WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_METACHARACTERS = frozenset("|&;<>()$`*?\n'\"")
_SHELLS_OWN = frozenset(
    (
        *(".", ":", "alias", "case", "cd", "command", "eval", "exec", "exit", "export", "for", "if", "local", "read"),
        *("return", "set", "shift", "trap", "type", "ulimit", "umask", "unset", "until", "while"),
    )
)
_OF_ONE_LINE = frozenset((".", "alias", "export", "set", "source", "ulimit", "umask", "unset"))
"""What changes the shell that runs it, and nothing behind the end of that."""
_TYPOGRAPHIC_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_ALSO_CALLED = {
    "python": ("python3",),
    "python2": ("python3",),
    "pip": ("pip3", "python3"),
    "node": ("nodejs",),
    "vi": ("vim", "nano"),
    "make": ("gmake", "ninja"),
    "gcc": ("cc", "clang"),
    "fd": ("fdfind",),
    "bat": ("batcat",),
    "docker": ("podman",),
}
_RUNNERS = {".py": "python3", ".sh": "sh", ".bash": "bash", ".js": "node", ".mjs": "node", ".rb": "ruby", ".pl": "perl"}


def suggest_for_missing(argv: list[str], env: "Mapping[str, str]", cwd: str, elsewhere: str = "") -> list[str]:
    """For a first word that names no program: the likeliest meaning, and what to type.

    ``elsewhere`` says where there is a program of just this name; then one that is only alike is not meant.
    """
    name = argv[0]
    if hint := _as_shell_line(argv) or _as_something_else(argv, env):
        return [hint]
    if "/" in name:
        return _near_file(name, cwd)
    path = env.get("PATH", "")
    return [_same_program(argv, path, cwd) or elsewhere or _near_program(name, path)]


def _as_shell_line(argv: list[str]) -> str:
    name, line = argv[0], shlex.join(argv)
    if len(argv) == 1 and (any(char.isspace() for char in name) or _METACHARACTERS & set(name)):
        return f"this is one word to llm-exec; --command {shlex.quote(name)} runs it as a shell line"
    if name == "cd":
        folder = shlex.quote(argv[1]) if len(argv) > 1 else "DIR"
        return f"cd would change nothing outside: llm-exec --cwd {folder} -- CMD runs CMD there"
    line += " && CMD" if name in _OF_ONE_LINE else ""
    if name in WORDS:
        line = line.replace("'[['", "[[").replace("']]'", "]]")
        return f"{name} is bash's own word: llm-exec -- bash -c {shlex.quote(line)}"
    if name in _SHELLS_OWN:
        return f"{name} is a shell's own word: --command {shlex.quote(line)} runs it in one"
    return ""


def _as_something_else(argv: list[str], env: "Mapping[str, str]") -> str:
    name = argv[0]
    rest = shlex.join(argv[1:]) or "CMD"
    undashed = name.lstrip("-" + _TYPOGRAPHIC_DASHES)
    meanings = (
        (_is_assignment(name), f"variables are set by env: llm-exec -- env {shlex.quote(name)} {rest}"),
        (f"{name}/".startswith("~/"), f"the ~ was not expanded: write {env.get('HOME', '$HOME')}{name[1:]}"),
        (name.startswith("-"), "options of llm-exec stand before --, and the command comes first after it"),
        (name[0] in _TYPOGRAPHIC_DASHES, f"--{undashed} is written with two plain dashes"),
        ("://" in name, f"a URL is no command: llm-exec -- curl -fsSL {shlex.quote(name)} fetches it"),
        (name in ("full", "compact"), f"the mode of --json stands behind a =: --json={name}"),
    )
    return next((hint for applies, hint in meanings if applies), "")


def _is_assignment(word: str) -> bool:
    variable, equals, _ = word.partition("=")
    return bool(equals) and variable.isidentifier()


def _near_file(name: str, cwd: str) -> list[str]:
    file = os.path.join(cwd, name)
    if os.path.islink(file):
        return [f"{name} is a link to {os.readlink(file)}, and that is not there"]
    folder, wanted = os.path.split(file)
    try:
        near = nearest(wanted, os.listdir(folder))
    except OSError:
        return [f"the folder {folder} does not exist; the command runs in {cwd}"]
    return [f"did you mean {os.path.join(os.path.dirname(name), near)}?"] if near else [f"the command runs in {cwd}"]


def _same_program(argv: list[str], path: str, cwd: str) -> str:
    """What is here and called the same: in the current folder, in other letters, or by another name that it has."""
    name = argv[0]
    if os.path.isfile(os.path.join(cwd, name)):
        return _run_file(f"./{name}", argv[1:], cwd)
    if os.path.isdir(os.path.join(cwd, name)):
        return _enter_folder(name)
    programs = _programs(path)
    plain = name.lower().removesuffix(".exe").removesuffix(".cmd").removesuffix(".bat")
    if plain in programs:
        return f"did you mean {shlex.join([plain, *argv[1:]])}?"
    for other in _ALSO_CALLED.get(name, ()):
        if other in programs:
            words = [other, "-m", name] if (name, other) == ("pip", "python3") else [other]
            return f"{name} is not installed here, {other} is: llm-exec -- {shlex.join([*words, *argv[1:]])}"
    return ""


def _near_program(name: str, path: str) -> str:
    near = nearest(name, sorted(_programs(path)))
    return f"did you mean {near}?" if near else f"{name} is not in any folder of PATH"


def _programs(path: str) -> set[str]:
    found: set[str] = set()
    for folder in path.split(":"):
        try:
            found.update(os.listdir(folder or "."))
        except OSError:
            continue
    return found


def suggest_for_refused(argv: list[str], cwd: str) -> list[str]:
    """For a file that is there but cannot be executed."""
    name = argv[0]
    file = os.path.join(cwd, name)
    if os.path.isdir(file):
        return [_enter_folder(name)]
    if os.access(file, os.X_OK):
        return _for_interpreter(file)
    if "/" not in name:
        return []
    return [_run_file(name, argv[1:], cwd)]


def _enter_folder(name: str) -> str:
    return f"{name} is a folder: llm-exec --cwd {shlex.quote(name)} -- CMD runs CMD in it"


def _run_file(name: str, arguments: list[str], cwd: str) -> str:
    if os.access(os.path.join(cwd, name), os.X_OK):
        return f"did you mean {shlex.join([name, *arguments])}? The current folder is not on PATH"
    if runner := _RUNNERS.get(os.path.splitext(name)[1]):
        return f"llm-exec -- {shlex.join([runner, name, *arguments])}"
    return f"if it is a program: chmod +x {shlex.quote(name)}"


def _for_interpreter(file: str) -> list[str]:
    try:
        with open(file, "rb") as script:
            first = script.readline(256)
    except OSError:
        return []
    if not first.startswith(b"#!"):
        return ["it is a program for another kind of machine, or a damaged one"]
    if first.endswith(b"\r\n"):
        return [f"its lines end as on Windows: sed -i 's/\\r$//' {shlex.quote(file)}"]
    return [f"its first line is {first.decode(errors='replace').strip()}"]
