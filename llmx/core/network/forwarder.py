"""llm-exec's side of the proxy: its start before the command, what it tells, and its end."""

import _socket
import errno
import marshal
import os
import select

from llmx.core.network import LONGEST_MESSAGE, LONGEST_REASON
from llmx.core.network.proxy import Proxy
from llmx.core.process import die_with_parent
from llmx.errors import ExecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal

    from llmx.core.sandbox import Reach
else:
    import _signal

PATIENCE = 10.0  # seconds for it to be ready, and for its last words


class Forwarder:
    """A process of its own that ends with this one; a stream of the supervisor's. Raises ``ExecError``."""

    def __init__(self, reach: "Reach") -> None:
        self.problem = ""
        self.names = reach.names
        self.moved: dict[tuple[str, str], tuple[int, int, int]] = {}
        self.refused: list[tuple[str, str]] = []
        listeners: list[_socket.socket] = []
        try:
            for port, host_port in reach.publish:
                listeners.append(_listen(port, host_port))
            self._start(reach, listeners)
        except OSError as error:  # too many processes or descriptors, most likely
            raise ExecError(
                f"the sandbox's network could not be opened: {error.strerror}",
                code="sandbox",
                hint="--net none and --net host work without it; llm-exec --explain says what else a run takes",
            ) from None
        finally:
            for listener in listeners:
                listener.close()
        self._control.setblocking(False)

    def _start(self, reach: "Reach", listeners: list[_socket.socket]) -> None:
        """Have a process of its own be the proxy; raises ``OSError``."""
        self._control, its = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        parent = os.getpid()
        try:
            self.pid = os.fork()
        except OSError:
            self._control.close()
            its.close()
            raise
        if self.pid == 0:
            _become(reach, listeners, its, parent)
        its.close()

    def enter(self, pid: int) -> None:
        """Have everything ready in the network of ``pid``; raises ``ExecError``."""
        try:
            self._control.send(b"%d" % pid)
            said = self._next_words()
        except OSError:  # it has ended
            said = None
        said = said or ("failed", "it does not answer")
        if said[0] != "ready":
            raise ExecError(
                f"the sandbox's network could not be opened: {said[1]}",
                code="sandbox",
                hint="--net none and --net host work without it; llmx doctor says what this machine can do",
            )

    def interest(self) -> list[tuple[int, int]]:
        return [] if self._is_closed else [(self._control.fileno(), select.POLLIN)]

    def move(self) -> None:
        """Take what it has told; one that has ended while the run goes on is a problem."""
        if not self._is_closed and not self._take():
            self.problem = self.problem or "the network proxy was ended while the command ran"
            self._control.close()

    def is_settled(self) -> bool:
        return True

    def close(self) -> None:
        """Have it end, and hear its last words; more than once does no harm."""
        if not self._is_closed:
            self._finish()
            self._control.close()
        if self.pid:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0] == 0:  # else its number may be somebody else's by now
                    os.kill(self.pid, _signal.SIGKILL)
                    os.waitpid(self.pid, 0)
            except ChildProcessError:  # the supervisor has seen its end
                pass
        self.pid = 0

    @property
    def _is_closed(self) -> bool:
        return self._control.fileno() < 0

    def _finish(self) -> None:
        try:
            self._control.shutdown(_socket.SHUT_WR)
        except OSError:
            return
        while self._wait() and self._take():
            pass

    def _next_words(self) -> tuple[str, ...] | None:
        """One message, waited for; None for none."""
        data = self._control.recv(LONGEST_MESSAGE) if self._wait() else b""
        return marshal.loads(data) if data else None

    def _wait(self) -> bool:
        poller = select.poll()
        poller.register(self._control.fileno(), select.POLLIN)
        return bool(poller.poll(PATIENCE * 1000))

    def _take(self) -> bool:
        """Note all that is there; False at the end."""
        try:
            while data := self._control.recv(LONGEST_MESSAGE):
                kind, *words = marshal.loads(data)
                if kind == "moved":
                    self.moved[words[0], words[1]] = (words[2], words[3], words[4])
                elif kind == "refused":
                    self.refused.append((words[0], words[1]))
                elif kind == "broken":
                    self.problem = f"the network proxy has failed: {words[0]}"
        except BlockingIOError:
            return True
        except OSError:  # it was killed before it read what it was told
            return False
        return False


def _listen(port: int, host_port: int) -> _socket.socket:
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", host_port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        other = host_port + 8000 if host_port < 1024 else host_port + 1
        why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
        raise ExecError(
            f"--publish: port {host_port} of this machine cannot be listened on: {why}",
            code="sandbox",
            hint=f"--publish {port}:{other} takes another one",
        ) from None
    return listener


def _become(reach: "Reach", listeners: list[_socket.socket], control: _socket.socket, parent: int) -> None:
    """In the child: be the proxy; never returns."""
    try:
        _signal.set_wakeup_fd(-1)
        for number in (_signal.SIGCHLD, _signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGQUIT):
            _signal.signal(number, _signal.SIG_DFL)
        die_with_parent(_signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
        os.setsid()  # what is typed at the terminal is not for it
        _let_go([control.fileno(), *(listener.fileno() for listener in listeners)])
        Proxy(reach, listeners, control).serve()
    except Exception as error:  # a defect of ours ends it, and must not look like somebody's deed
        control.send(marshal.dumps(("broken", f"{type(error).__name__}: {error}"[:LONGEST_REASON])))
    finally:
        os._exit(0)


def _let_go(kept: list[int]) -> None:
    """Of everything that llm-exec has open, the command's streams among it."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
