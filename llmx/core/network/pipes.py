"""Pipes, through which alone the kernel moves bytes from one socket to another, kept for the next who needs one."""

import fcntl
import os

LARGE = 1 << 20
MOST_LARGE = 16
"""All pipes of a user share one allowance, 64 MiB by default; who is beyond it gets none but crippled ones."""

_F_SETPIPE_SZ = 1031


class Pipe:
    """Two descriptors; raises ``OSError`` where there is no room for them."""

    __slots__ = ("is_large", "reader", "writer")

    def __init__(self, *, is_large: bool) -> None:
        self.reader, self.writer = os.pipe()
        self.is_large = is_large and self._widen()

    def close(self) -> None:
        """With what is in it."""
        os.close(self.reader)
        os.close(self.writer)

    def _widen(self) -> bool:
        try:
            return bool(fcntl.fcntl(self.writer, _F_SETPIPE_SZ, LARGE))
        except OSError:  # this user has too many as it is
            return False


class Pipes:
    """All of a process: empty ones are handed out again, the large ones first."""

    def __init__(self) -> None:
        self._spare: list[Pipe] = []
        self._large = 0

    def take(self) -> Pipe:
        """An empty one; raises ``OSError``."""
        if self._spare:
            return self._spare.pop()
        pipe = Pipe(is_large=self._large < MOST_LARGE)
        self._large += pipe.is_large
        return pipe

    def give_back(self, pipe: Pipe) -> None:
        """Keep it, which is empty, for others."""
        self._spare.insert(len(self._spare) if pipe.is_large else 0, pipe)

    def drop(self, pipe: Pipe) -> None:
        """Close it with what is in it."""
        pipe.close()
        self._large -= pipe.is_large


PIPES = Pipes()
"""Those of this process."""
