"""Which terminal a run is shown in, and by which command lines its window may be opened."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from llmx.core.plugins import find, names
from llmx.core.process import DEFAULT_PATH
from llmx.core.sandbox.workspace import find_work, is_below
from llmx.errors import ExecError, UsageError, nearest
from llmx.exec.terminals import Terminal, Way
from llmx.exec.terminals.display import has_display, is_at_mac
from llmx.exec.terminals.rows import TERMINALS
from llmx.paths import home

AUTO = "auto"
GROUP = "llmx.terminals"


class Opening(NamedTuple):
    """A command line that is to open a window: the terminal's name, the program's file, its words."""

    terminal: str
    program: str
    words: tuple[str, ...]
    tells: bool


class Wish(NamedTuple):
    """What is asked for: a terminal's name or ``auto``, a window or else a tab, behind or in front."""

    name: str
    new_window: bool
    behind: bool
    title: str
    cwd: str
    run: tuple[str, ...]


def openings(wish: Wish, env: Mapping[str, str]) -> list[Opening]:
    """What to try, in this order; raises ``ExecError`` saying what to do where there is nothing."""
    screen = Screen(env)
    inside = screen.inside()
    rows = [*inside, *screen.others(inside)] if wish.name == AUTO else [terminal(wish.name)]
    found = []
    for row in rows:
        for way in row.ways:
            is_likely = way.needs or row in inside or wish.name != AUTO
            if is_likely and screen.offers(way.needs) and (program := _program(way.words[0], env, wish.cwd)):
                found.append(Opening(row.name, program, _filled(way, wish), way.tells))
    if not found:
        raise _nowhere(wish, rows, env)
    return found


def terminal(name: str) -> Terminal:
    """The row of that name, a package's own included; raises ``UsageError``."""
    row: Terminal | None = find(GROUP, name, TERMINALS)
    if row:
        return row
    known = [AUTO, *names(GROUP, TERMINALS)]
    near = nearest(name, known)
    raise UsageError(
        f"--terminal {name}: no such terminal is known",
        hint=f"did you mean {near}?" if near else f"one of {', '.join(known)}",
    )


class Screen:
    """What the caller sits at, asked once: a display may take a second to say nothing."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._has_display: bool | None = None

    def inside(self) -> list[Terminal]:
        """The terminals that the caller sits in, the innermost first."""
        return [row for row in TERMINALS.values() if self._is_inside(row)]

    def others(self, inside: list[Terminal]) -> list[Terminal]:
        """Those beside them that a display can show."""
        return [row for row in TERMINALS.values() if row not in inside and any(way.needs for way in row.ways)]

    def _is_inside(self, row: Terminal) -> bool:
        return any(self._env.get(name) and self._env[name].startswith(begins) for name, begins in row.inside)

    def offers(self, need: str) -> bool:
        """Whether what a way needs is there."""
        match need:
            case "":
                return True
            case "display":
                if self._has_display is None:
                    self._has_display = has_display(self._env)
                return self._has_display
            case "macos":
                return is_at_mac(self._env)
            case "wezterm":
                return _has_wezterm(self._env)
        return bool(self._env.get(need))


def _has_wezterm(env: Mapping[str, str]) -> bool:
    """Whether a WezTerm goes on that can be asked: the one around us, or a window's socket in its folder."""
    if env.get("WEZTERM_UNIX_SOCKET") or env.get("WEZTERM_PANE"):
        return True
    data = env.get("XDG_RUNTIME_DIR") or f"{home(env)}/.local/share"
    try:
        return any(name.startswith("gui-sock-") for name in os.listdir(f"{data}/wezterm"))
    except OSError:
        return False


def _program(name: str, env: Mapping[str, str], cwd: str) -> str:
    """The program on the PATH; "" where there is none.

    It runs outside of every sandbox, so it must not lie in the work tree, where a sandboxed command can write: a
    virtual environment in there stands first on many a PATH.
    """
    work = os.path.realpath(cwd)
    try:
        work = find_work(work, os.path.realpath(home(env)))[0]
    except ExecError:  # no sandbox may write in there
        work = ""
    for folder in (env.get("PATH") or DEFAULT_PATH).split(":"):
        file = f"{folder}/{name}"
        is_there = folder[:1] == "/" and os.path.isfile(file) and os.access(file, os.X_OK)
        if is_there and not (work and any(is_below(os.path.realpath(path), work) for path in (folder, file))):
            return file
    return ""


def installed(row: Terminal, env: Mapping[str, str], cwd: str) -> bool:
    """Whether any of its programs is there; those of macOS are everywhere there, and say nothing elsewhere."""
    here = [way for way in row.ways if way.needs != "macos" or is_at_mac(env)]
    return any(_program(way.words[0], env, cwd) for way in here)


def _filled(way: Way, wish: Wish) -> tuple[str, ...]:
    """The way's words with what stands for others put in."""
    script = shlex.join(wish.run).replace("\\", "\\\\").replace('"', '\\"')
    texts = {"{title}": wish.title, "{cwd}": wish.cwd, "{script}": script}
    rows = {
        "{place}": way.window if wish.new_window else way.tab,
        "{back}": way.behind if wish.behind else (),
    }
    words = [word for each in way.words for word in rows.get(each, (each,))]
    return tuple(_whole(words, texts, wish.run))


def _whole(words: list[str], texts: Mapping[str, str], run: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word == "{run}":
            yield from run
        else:
            name = next((name for name in texts if name in word), "")
            yield word.replace(name, texts[name]) if name else word


def _nowhere(wish: Wish, rows: list[Terminal], env: Mapping[str, str]) -> ExecError:
    """What keeps the window from opening, and what to do about it."""
    instead = "--background runs it unseen"
    if wish.name == AUTO:
        inside = Screen(env).inside()
        here = f"{inside[0].name} is not on the PATH" if inside else f"this is none of {', '.join(TERMINALS)}"
        return ExecError(
            f"there is no terminal to show it in: {here}, and {_display(env)}",
            code="terminal",
            hint=f"run it within tmux, or name a terminal with --terminal; {instead}",
        )
    if not installed(rows[0], env, wish.cwd):
        return ExecError(
            f"{wish.name} is not installed: it is not on the PATH",
            code="terminal",
            hint=f"install it, or --terminal auto takes what there is; {instead}",
        )
    return ExecError(
        f"{wish.name} cannot open a window here: {_display(env)}",
        code="terminal",
        hint=f"{rows[0].says}; {instead}",
    )


def _display(env: Mapping[str, str]) -> str:
    name = env.get("WAYLAND_DISPLAY") or env.get("DISPLAY")
    if name:
        return f"the display {name} does not answer"
    if sys.platform == "darwin":
        return "this is a login from another machine"
    return "no display is set"
