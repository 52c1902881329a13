"""Who holds a reservation: a process, told from a later one with the same number and from one of another container."""

import os
from pathlib import Path

from llmx.core.plugins import load


def me() -> str:
    """This process, as ``is_alive`` reads it."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(holder: str) -> bool | None:
    """Whether that process still runs; None for one of another container, which cannot be seen from here."""
    boot, space, pid, started = holder.split("/")
    own_boot, own_space = _machine().split("/")
    if boot != own_boot:
        return False
    if space != own_space:
        return None
    return _started(int(pid)) == started


def _machine() -> str:
    """The machine's start, and the numbering of processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{load('psutil:boot_time')():.0f}/0"


def _started(pid: int) -> str:
    """When a process has started; empty where there is none. A zombie has ended."""
    if not os.path.isdir("/proc/self"):
        started = load("llmx.core.runs.portable:started_at")(pid)
        return "" if started is None else str(started)
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
