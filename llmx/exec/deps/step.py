"""One program that llm-exec runs for itself, outside of the sandbox: supervised like a command, its output kept."""

import os
import time

from llmx.core.process import Launch, LaunchError, adopt_orphans, spawn
from llmx.core.process.supervise import Ending, Signals, Supervisor, Verdict, earlier_children
from llmx.errors import ExecError
from llmx.exec.capture import Capture, Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Mapping
else:
    import _signal

PATIENCE = 3600.0
"""Seconds that one step may take; packages may be large, and the net slow."""

GRACE = 5.0
_MOST = 64 << 20

_heard: list[Signals] = []
"""One for all steps, so that a signal between two of them is not lost."""


class Done:
    """How it ended: its exit code, 128+n for signal n, and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


class Deadline:
    """Ends the step when its time is up."""

    def __init__(self, due: float) -> None:
        self.due = due

    def check(self, _now: float) -> Verdict:
        return Verdict("timeout")


def perform(argv: list[str], *, env: "Mapping[str, str]", cwd: str, onward: int = -1) -> Done:
    """Run ``argv`` (a full path first) to its end; its stderr also goes to the descriptor ``onward``.

    Raises ``KeyboardInterrupt`` with the signal's number when llm-exec is told to end, and ``ExecError`` when it cannot
    be started or takes too long.
    """
    adopt_orphans()
    strangers = earlier_children()
    if not _heard:
        _heard.append(Signals())
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    out_reader, out_writer = os.pipe()
    err_reader, err_writer = os.pipe()
    try:
        pid = spawn(Launch(argv[0], argv, env=env, cwd=cwd, streams=(nothing, out_writer, err_writer), keep=()))
    except LaunchError as error:
        os.close(out_reader)
        os.close(err_reader)
        raise ExecError(f"{argv[0]}: {error.strerror}", code="deps") from None
    finally:
        for descriptor in (nothing, out_writer, err_writer):
            os.close(descriptor)
    out, err = Capture(out_reader, Kept(_MOST)), Capture(err_reader, Kept(_MOST), onward=onward)
    supervisor = Supervisor(pid, _heard[0], clock=time.monotonic, grace=GRACE, strangers=strangers)
    supervisor.watches.append(Deadline(time.monotonic() + PATIENCE))
    supervisor.streams += [out, err]
    return _done(supervisor.run(), argv, out, err)


def _done(ending: Ending, argv: list[str], out: Capture, err: Capture) -> Done:
    if ending.verdict and ending.verdict.cause == "interrupted":
        raise KeyboardInterrupt(ending.verdict.signal)
    if ending.verdict:
        raise ExecError(f"{os.path.basename(argv[0])} did not end within {PATIENCE:g} s", code="deps")
    code = os.waitstatus_to_exitcode(ending.status or 0)
    texts = [b"".join(stream.kept.parts()).decode(errors="replace") for stream in (out, err)]
    return Done(code if code >= 0 else 128 - code, *texts)


def note_interrupt(ending: Ending, number: int = _signal.SIGINT) -> None:
    """Make ``ending`` that of a run which was interrupted."""
    ending.verdict = Verdict("interrupted", signal=number)
