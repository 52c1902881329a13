"""Lines from stdin, waited for without a thread: one that waits in a read would keep Ctrl-C from ending the program."""

import asyncio
import os
import sys
from io import UnsupportedOperation


class Lines:
    """What is typed or piped, a line at a time."""

    def __init__(self) -> None:
        try:
            self._descriptor: int | None = sys.stdin.fileno()
        except (UnsupportedOperation, ValueError, AttributeError):
            self._descriptor = None
        self._left = b""
        self._is_over = False

    async def next(self) -> str | None:
        """The next line without its end, asked for where somebody sits at a terminal; None where there is none."""
        if sys.stdin and sys.stdin.isatty():
            print("> ", end="", file=sys.stderr, flush=True)
        if self._descriptor is None:
            line = sys.stdin.readline() if sys.stdin else ""
            return line.rstrip("\n") if line else None
        while b"\n" not in self._left and not self._is_over:
            await _readable(self._descriptor)
            data = os.read(self._descriptor, 1 << 16)
            self._left, self._is_over = self._left + data, not data
        if not self._left:
            return None
        line, _, self._left = self._left.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")


async def _readable(descriptor: int) -> None:
    """Wait until a read would not; a file and the like are always ready, and cannot be waited for."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
