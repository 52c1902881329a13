"""The window of one run: opened before the command starts, told of its end."""

import contextlib
import json
import os
import string
import termios
from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmx.core.process.supervise import Signals, Supervisor, Verdict
from llmx.core.process.window import WindowTerminal
from llmx.errors import ExecError
from llmx.exec.hints import words
from llmx.exec.terminals.choice import Wish, openings
from llmx.exec.terminals.meeting import Meeting
from llmx.exec.terminals.opening import Interrupted, Opened, open_first, words_for
from llmx.exec.terminals.request import WindowRequest
from llmx.exec.terminals.seat import DESCRIBING

if TYPE_CHECKING:
    from llmx.exec.request import ExecRequest
    from llmx.exec.run import Run

_TITLE = frozenset(string.ascii_letters + string.digits + "._+-")
"""All that a title is made of: tmux runs what stands in ``#(…)``, and arguments may be secrets."""

_BY_ITSELF = ("ok", "failed")
"""How a run ends whose command put the screen in order."""


class Window:
    """The window as the run sees it; ``terminal`` is the command's, between the two."""

    def __init__(self, run: "Run", wanted: WindowRequest, opened: Opened) -> None:
        self._run = run
        self._wanted = wanted
        self._opened = opened
        self._supervisor: Supervisor | None = None
        guest = opened.guest
        onward = -1 if run.request.report or os.isatty(1) else 1
        self._capture = run.capture("stdout", -1, onward=onward)
        try:
            self.terminal = WindowTerminal(guest.terminal, guest.line.fileno(), self._capture, self._stop)
        except (OSError, termios.error) as error:
            raise ExecError(
                f"the window was closed before the command started: {error.args[-1]}", code="terminal"
            ) from None
        finally:
            os.close(guest.terminal)
        run.request.env = described(run.request.env, guest.env)

    def attend(self, supervisor: Supervisor) -> None:
        """The command runs: take what it says, and end it when the window is closed."""
        self._supervisor = supervisor
        supervisor.streams.append(self._capture)

    def finish(self) -> None:
        """The run is over: take the rest, and let the window go or keep it."""
        self.terminal.close()
        self._capture.move()
        last = {"hold": self._wanted.hold, "is_cut": self._run.outcome.status not in _BY_ITSELF, "lines": self._lines()}
        line = self._opened.guest.line
        with contextlib.suppress(OSError):  # it is closed
            line.settimeout(1.0)
            line.sendall(json.dumps(last).encode())
        line.close()

    def fields(self) -> dict[str, object]:
        """The result's entry ``terminal``."""
        return {"name": self._opened.terminal, "window": self._opened.name or None}

    def _lines(self) -> list[str]:
        ended = f"ended with exit code {self._run.outcome.exit_code}; Enter closes this window"
        said = words(self._run) if self._run.needs_hints else []
        return [f"llm-exec: {line}" for line in (*said, ended)]

    def _stop(self) -> None:
        if self._supervisor:
            self._supervisor.stop(Verdict("window_closed"), self._run.clock())


def open_window(run: "Run", signals: Signals) -> Window | None:
    """The run's window; None when a signal told llm-exec to end, which the run's ending then tells.

    Raises ``ExecError`` where there is none to be had.
    """
    request = run.request
    wanted = request.window
    if wanted is None:
        return None
    meeting = Meeting(request.own_env)  # outside of the sandbox no package's program runs
    try:
        wish = Wish(
            wanted.name,
            new_window=wanted.new_window,
            behind=not (os.isatty(0) and os.isatty(2)),
            title=title_of(request),
            cwd=request.cwd,
            run=words_for(meeting.folder),
        )
        opened = open_first(meeting, openings(wish, request.own_env), request.own_env, request.cwd, signals)
    except Interrupted as interruption:
        run.ending.verdict = Verdict("interrupted", signal=interruption.args[0])
        return None
    finally:
        meeting.close()
    if os.isatty(2) and not request.quiet:
        with contextlib.suppress(OSError):
            os.write(2, f"llm-exec: shown in {opened.terminal} {opened.name}".rstrip().encode() + b"\n")
    return Window(run, wanted, opened)


def described(env: Mapping[str, str], window: Mapping[str, str]) -> dict[str, str]:
    """The command's environment: of the caller's, but for what describes the terminal."""
    kept = {name: value for name, value in env.items() if name not in DESCRIBING}
    return kept | {name: window[name] for name in DESCRIBING if name in window and "\0" not in window[name]}


def title_of(request: "ExecRequest") -> str:
    """The name of the program, harmless wherever it is put."""
    name = os.path.basename(request.argv[0])
    return "".join([char for char in name if char in _TITLE]).lstrip("-")[:40] or "llm-exec"
