"""Sockets of a sandbox's own network, made from outside: nothing of ours runs where the command could reach it.

Whoever has made a user namespace may enter it, and with it the network namespace that belongs to it. A process of its
own does so, because there is no way back, and hands the sockets it makes there out through a unix socket.
"""

import _ctypes
import _socket
import errno
import fcntl
import os
import sys

from llmx.core.process import die_with_parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    import _signal

NS_GET_USERNS = 0xB701
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
BACKLOG = 512
_SIZE_OF_INT = 4
_SETTINGS = "/proc/sys/net/ipv4"

WINDOW = 1 << 19
"""Bytes that a socket inside takes before its owner has read any: with the usual 128 KiB, one packet of a loopback at a
time, and everybody waits for everybody else."""


class Inside:
    """A process in the network of the process ``pid``; raises ``OSError`` where it cannot get there.

    It ends with this process, and when its socket is closed.
    """

    def __init__(self, pid: int) -> None:
        self._own, its = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(pid, its, parent)
        its.close()
        if problem := self._own.recv(16):
            number = int(problem)
            if number:
                self.close()
                raise OSError(number, os.strerror(number))

    def listener(self, port: int) -> _socket.socket:
        """A socket that listens on every address in there; raises ``OSError``."""
        return self._ask(b"listen %d" % port)

    def stream_socket(self, family: int) -> _socket.socket:
        """One that is not connected yet; raises ``OSError``."""
        return self._ask(b"socket %d" % family)

    def close(self) -> None:
        """Have it end; more than once does no harm."""
        self._own.close()
        if self.pid:
            os.waitpid(self.pid, 0)
        self.pid = 0

    def _ask(self, what: bytes) -> _socket.socket:
        self._own.send(what)
        answer, carried, _, _ = self._own.recvmsg(16, _socket.CMSG_SPACE(_SIZE_OF_INT))
        if not carried:
            number = int(answer or b"5")  # EIO: it has ended
            raise OSError(number, os.strerror(number))
        made = _socket.socket(fileno=int.from_bytes(carried[0][2][:_SIZE_OF_INT], sys.byteorder))
        made.setblocking(False)
        return made


def _serve(pid: int, requests: _socket.socket, parent: int) -> None:
    """In the new process: enter, and make sockets until nobody wants any; never returns."""
    try:
        _keep_only(requests.fileno())
        _enter(pid)
        die_with_parent(_signal.SIGKILL)  # entering a user namespace may undo it
        if os.getppid() != parent:
            os._exit(0)
        _tune()
        requests.send(b"0")
        while what := requests.recv(64):
            _answer(requests, what)
    except OSError as error:
        requests.send(b"%d" % (error.errno or 5))
    finally:
        os._exit(0)


def _keep_only(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def _enter(pid: int) -> None:
    """The network namespace of ``pid`` and the user namespace that owns it, by the rights of its maker."""
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    owner = fcntl.ioctl(network, NS_GET_USERNS)
    if os.fstat(network).st_ino == os.stat("/proc/self/ns/net").st_ino:
        raise OSError(1, os.strerror(1))  # EPERM: it has none of its own
    _join(owner, CLONE_NEWUSER)
    _join(network, CLONE_NEWNET)


def _tune() -> None:
    """Make the most of a network in which nothing is ever lost; a machine that keeps it from us is slower, no more."""
    try:
        _set("tcp_congestion_control", b"reno")  # see ``dial.UNPACED``
        with open(f"{_SETTINGS}/tcp_rmem", "rb") as file:
            least, usual, most = map(int, file.read().split())
        _set("tcp_rmem", b"%d %d %d" % (least, max(usual, min(WINDOW, most)), most))
    except (OSError, ValueError):
        return


def _set(name: str, value: bytes) -> None:
    with open(f"{_SETTINGS}/{name}", "wb", buffering=0) as file:
        file.write(value)


def _join(namespace: int, kind: int) -> None:
    if sys.version_info >= (3, 12):
        os.setns(namespace, kind)
        return
    # `_ctypes` is what the `ctypes` package is built on: 5 ms less a run
    function = _ctypes.dlsym(_ctypes.dlopen(None, 0), "setns")  # type: ignore[arg-type]  # None: this process
    if _ctypes.call_function(function, (namespace, kind)):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))  # nearly always that; the number is not told


def _answer(requests: _socket.socket, what: bytes) -> None:
    kind, _, number = what.partition(b" ")
    try:
        made = _listen(int(number)) if kind == b"listen" else _socket.socket(int(number), _socket.SOCK_STREAM)
    except OSError as error:
        requests.send(b"%d" % (error.errno or 5))
        return
    passed = made.fileno().to_bytes(_SIZE_OF_INT, sys.byteorder)
    requests.sendmsg([b"0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)])
    made.close()


def _listen(port: int) -> _socket.socket:
    """On every address, of which there are but the loopback's: bubblewrap has perhaps not given it them yet."""
    try:
        made = _socket.socket(_socket.AF_INET6, _socket.SOCK_STREAM)
        made.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
        made.bind(("::", port))
    except OSError:  # a kernel without version 6
        made = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        made.bind(("0.0.0.0", port))  # in a network with nobody else in it
    made.listen(BACKLOG)
    return made
