"""When a process started, where there is no /proc."""

import psutil


def started_at(pid: int) -> float | None:
    """In seconds since the epoch; None when there is no such process."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
