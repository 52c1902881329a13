"""What processes have read and written (Linux, by /proc/PID/io), the ended ones included."""

from llmx.core.process import read_file

SIGCHLD_BIT = 1 << 16  # signal 17's place in the masks of /proc/PID/status


class Transfer:
    """Bytes as /proc/PID/io counts them; a process's figures include the children it has reaped."""

    __slots__ = ("read", "wchar", "write")

    def __init__(self, read: int = 0, write: int = 0, wchar: int = 0) -> None:
        self.read = read
        self.write = write
        self.wchar = wchar

    def __add__(self, other: "Transfer") -> "Transfer":
        return Transfer(self.read + other.read, self.write + other.write, self.wchar + other.wchar)

    def __sub__(self, other: "Transfer") -> "Transfer":
        return Transfer(self.read - other.read, self.write - other.write, self.wchar - other.wchar)

    def at_least(self, other: "Transfer") -> "Transfer":
        return Transfer(max(self.read, other.read), max(self.write, other.write), max(self.wchar, other.wchar))


class LastLook:
    """What is to be learned of an ended process around its reaping.

    Its I/O, and that of the children it has reaped, goes over to this process when this one reaps it: the figures are
    right from then on (its own /proc/PID/io is closed to ordinary users once it has ended). None where the system does
    not count. ``ignores_children``: it ignored SIGCHLD, so the kernel reaped its children and their CPU time is lost.
    """

    __slots__ = ("_before", "ignores_children")

    def __init__(self, before: Transfer | None, *, ignores_children: bool) -> None:
        self._before = before
        self.ignores_children = ignores_children

    def gained(self) -> Transfer | None:
        """What all that was reaped since has read and written."""
        now = reaped_io()
        return now - self._before if now and self._before else None


def last_look(pid: int) -> LastLook:
    """Look at ``pid`` when it has ended and is not yet reaped."""
    try:
        ignored = int(read_file(f"/proc/{pid}/status").partition(b"\nSigIgn:")[2].split(None, 1)[0], 16)
    except (OSError, IndexError, ValueError):
        ignored = 0
    return LastLook(reaped_io(), ignores_children=bool(ignored & SIGCHLD_BIT))


def transfer(file: str) -> Transfer | None:
    """What ``file``, a process's or a thread's ``io``, says; None when it may not be read or is gone."""
    try:
        lines = read_file(file).split(b"\n")
        numbers = [int(line.partition(b": ")[2]) for line in lines[:6]]  # rchar wchar syscr syscw read_ write_bytes
        return Transfer(numbers[4], numbers[5], numbers[1])
    except (OSError, ValueError, IndexError):
        return None


def reaped_io() -> Transfer | None:
    """The I/O of all children this process has reaped: its own figures less those of its one thread."""
    whole, own = transfer("/proc/self/io"), transfer("/proc/thread-self/io")
    return whole - own if whole and own else None
