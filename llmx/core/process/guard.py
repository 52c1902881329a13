"""The guard: a process between this one and the sandbox, where nothing beside them can watch (``WATCH``)."""

import os

from llmx.core.process import adopt_orphans, close_all_but, die_with_parent
from llmx.core.process.tree import kill_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal

    from llmx.core.process import Launch
else:
    import _signal


def stand(launch: "Launch") -> None:
    """Start the program and stay until all that comes of it has ended, then end as it did.

    A killed parent is heard of by a signal; what bubblewrap has begun by then would else live on, as it ties itself to
    its own parent only at the end of its preparations. Raises ``OSError`` when it cannot be started.
    """
    adopt_orphans()
    _signal.set_wakeup_fd(-1)  # a closed one would be complained about on stderr, and a broken stderr end this process
    _signal.signal(_signal.SIGUSR2, lambda _number, _frame: _end_everything(launch))
    die_with_parent(_signal.SIGUSR2)
    pid = os.posix_spawn(launch.program, launch.argv, launch.env)
    close_all_but(_willed(launch))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # the command's streams end when it closes them
        os.dup2(nothing, descriptor)
    status = 0
    while True:
        try:
            ended, how = os.waitpid(-1, 0)
        except ChildProcessError:
            break
        status = how if ended == pid else status
    if os.WIFSIGNALED(status):
        _signal.signal(os.WTERMSIG(status), _signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _end_everything(launch: "Launch") -> None:
    kill_all()
    for act in (launch.will and launch.will[1], launch.undo and launch.undo.put_back):
        try:
            if act:
                act()
        except Exception:
            continue  # the other is still to be done, and there is nobody to tell
    os._exit(137)


def _willed(launch: "Launch") -> tuple[int, ...]:
    return launch.will[:1] if launch.will else ()
