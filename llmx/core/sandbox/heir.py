"""What the watcher starts when llm-exec was killed: put back what git would run, once the command has ended with it."""

import marshal
import os
import time

from llmx.core.sandbox.sensitive import Sensitive

PATIENCE = 20.0  # seconds; what the kernel has been told to end is gone in a few milliseconds
ENDED = ("Z", "X", "")


def inherit(inner: int) -> None:
    """Leave the group that the watcher is about to end, wait for the end of ``inner``, and put back.

    On stdin is what ``Sensitive.state`` gave.
    """
    os.setsid()
    if os.fork():
        os._exit(0)
    sensitive = left_by(os.read(0, os.fstat(0).st_size))
    deadline = time.monotonic() + PATIENCE
    while _state_of(inner) not in ENDED and time.monotonic() < deadline:
        time.sleep(0.002)
    sensitive.put_back()


def left_by(state: bytes) -> Sensitive:
    """As the process that was killed knew it; its home is this one's as well."""
    values, *places = marshal.loads(state)
    for name, place in zip(("HOME", "XDG_STATE_HOME"), places, strict=True):
        if place is not None:
            os.environ[name] = place
    sensitive = Sensitive.__new__(Sensitive)
    for name, value in values.items():
        setattr(sensitive, name, value)
    return sensitive


def _state_of(pid: int) -> str:
    """The letter in /proc; of a namespace's first process it is that of an ended one when all others have ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1].decode()
    except OSError:
        return ""
