"""Job control: the child's process group and this process stop and go on as one job of the shell."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    import _signal


class Job:
    """The child ``pid`` with its group; ``terminal`` is the descriptor of the terminal it was given, -1 for none."""

    def __init__(self, pid: int, terminal: int) -> None:
        self._pid = pid
        self._terminal = terminal

    def suspend(self) -> None:
        """Stop the child's group and this process; returns when the shell continues us, the child running again."""
        if self._leads_group():
            os.killpg(self._pid, _signal.SIGTSTP)
        self.give_terminal_back()
        handler = _signal.signal(_signal.SIGTSTP, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGTSTP)  # has no effect without a shell to continue us, and then nobody waits
        _signal.signal(_signal.SIGTSTP, handler)
        self.take_terminal()
        if self._leads_group():
            os.killpg(self._pid, _signal.SIGCONT)

    def take_terminal(self) -> None:
        """Put the child into the foreground, if the shell has put us there (and not into the background)."""
        if self._terminal >= 0 and self._holds_foreground(os.getpgrp()):
            self._set_foreground(self._pid)

    def give_terminal_back(self) -> None:
        """Put this process's group into the foreground again, if the child's is there."""
        if self._terminal >= 0 and self._holds_foreground(self._pid):
            self._set_foreground(os.getpgrp())

    def _leads_group(self) -> bool:
        try:
            return os.getpgid(self._pid) == self._pid
        except ProcessLookupError:
            return False

    def _holds_foreground(self, group: int) -> bool:
        try:
            return os.tcgetpgrp(self._terminal) == group
        except OSError:  # the terminal went away
            return False

    def _set_foreground(self, group: int) -> None:
        before = _signal.signal(_signal.SIGTTOU, _signal.SIG_IGN)  # a background process may not do this otherwise
        try:
            os.tcsetpgrp(self._terminal, group)
        except OSError:
            pass
        finally:
            _signal.signal(_signal.SIGTTOU, before)
