"""What is put back when the process that runs a command is killed, by the guard or by the watcher's heir."""

from typing import Protocol


class Undo(Protocol):
    """The guard, which is a copy of the process that was killed, calls ``put_back``; an heir is left the ``state``."""

    HEIR: str
    """``module:function``, called with the pid of bubblewrap's first process inside; the state is on its stdin."""

    def put_back(self) -> None:
        """Nothing of the run is alive any more."""

    def state(self) -> bytes:
        """All that the heir has to know."""
