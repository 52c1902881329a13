"""Bytes between two sockets: all of them, in both directions, counted, and few of them held on their way."""

import contextlib
import fcntl
import hashlib
import os
import socket
import struct
import threading
from pathlib import Path

import pytest

from llmx.core.network.flow import SIZE
from llmx.core.network.loop import Loop
from llmx.core.network.pipes import LARGE, MOST_LARGE, Pipes
from llmx.core.network.tally import Entry
from llmx.core.network.tunnel import Tunnel

RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing it tells the other side that all is lost."""

F_GETPIPE_SZ = 1032


def connected():
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    return one, other


class Relay:
    """A tunnel in a thread of its own; the command's end and the far one."""

    def __init__(self):
        self.command, near = connected()
        far, self.server = connected()
        for end in (near, far):
            end.setblocking(False)
        self.entry = Entry(("host", "example.com"), lambda _entry: None)
        self.ends: list[Exception | None] = []
        self.loop = Loop()
        Tunnel(self.loop, near, far, self.entry, self.ends.append)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self.ends:
            self.loop.turn()

    def wait(self):
        """Until it is over."""
        self._thread.join(30)
        assert self.ends == [None]


@pytest.fixture
def relay():
    made = Relay()
    made.command.settimeout(30)
    made.server.settimeout(30)
    yield made
    made.command.close()
    made.server.close()


def send_until_nobody_takes_it(one):
    """How much it was."""
    one.settimeout(0.5)
    sent = 0
    try:
        while True:
            sent += one.send(bytes(1 << 16))
    except TimeoutError:
        one.settimeout(30)
        return sent


def read_all(one):
    parts = []
    while part := one.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_everything_arrives_both_ways_at_once_and_is_counted(relay):
    sent = {"command": os.urandom(7 * SIZE + 13), "server": os.urandom(5 * SIZE + 1)}
    got = {}

    def talk(who):
        one = getattr(relay, who)
        writer = threading.Thread(target=lambda: (one.sendall(sent[who]), one.shutdown(socket.SHUT_WR)))
        writer.start()
        got[who] = hashlib.sha256(read_all(one)).digest()
        writer.join(30)

    threads = [threading.Thread(target=talk, args=(who,)) for who in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    relay.wait()
    assert got == {
        "command": hashlib.sha256(sent["server"]).digest(),
        "server": hashlib.sha256(sent["command"]).digest(),
    }
    assert (relay.entry.sent, relay.entry.received) == (7 * SIZE + 13, 5 * SIZE + 1)


def test_one_side_may_end_and_still_hear_the_other(relay):
    relay.command.sendall(b"question")
    relay.command.shutdown(socket.SHUT_WR)
    assert read_all(relay.server) == b"question"
    relay.server.sendall(b"answer")
    relay.server.close()
    assert read_all(relay.command) == b"answer"
    relay.wait()


def test_nobody_reads_for_a_side_that_does_not(relay):
    """What a server sends to a command that sleeps stays with the server."""
    sent = send_until_nobody_takes_it(relay.server)
    assert relay.entry.received < sent < 64 << 20
    relay.command.sendall(b"still here")
    assert relay.server.recv(100) == b"still here"
    relay.server.shutdown(socket.SHUT_WR)
    assert len(read_all(relay.command)) == sent == relay.entry.received


@pytest.mark.parametrize(("breaks", "told"), [("command", "server"), ("server", "command")])
@pytest.mark.parametrize("is_stuck", [False, True], ids=["idle", "with bytes on their way"])
def test_a_side_that_breaks_ends_the_other(relay, breaks, told, is_stuck):
    breaking, other = getattr(relay, breaks), getattr(relay, told)
    if is_stuck:
        send_until_nobody_takes_it(other)
    breaking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    breaking.close()
    relay.wait()
    with contextlib.suppress(ConnectionResetError):  # an end is as good to one that has lost nothing
        assert other.recv(100) == b""


def test_a_broken_tunnel_leaves_no_pipe_open():
    before = pipes_open()
    for _ in range(10):
        one = Relay()
        send_until_nobody_takes_it(one.server)
        one.command.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        one.command.close()
        one.wait()
        one.server.close()
    assert pipes_open() - before <= 2  # the spare one


def pipes_open():
    return sum(map(is_pipe, os.listdir("/proc/self/fd")))


def is_pipe(name):
    try:
        return Path(f"/proc/self/fd/{name}").readlink().name.startswith("pipe:")
    except OSError:
        return False


def test_only_some_pipes_are_large_and_those_are_taken_first():
    pipes = Pipes()
    taken = [pipes.take() for _ in range(MOST_LARGE + 3)]
    sizes = [fcntl.fcntl(pipe.reader, F_GETPIPE_SZ) for pipe in taken]
    assert sizes[:MOST_LARGE] == [LARGE] * MOST_LARGE
    assert max(sizes[MOST_LARGE:]) < LARGE
    for pipe in taken[::-1]:
        pipes.give_back(pipe)
    again = [pipes.take() for _ in taken]
    assert [pipe.is_large for pipe in again] == [True] * MOST_LARGE + [False] * 3
    pipes.drop(again[0])
    assert (pipes.take().is_large, pipes.take().is_large) == (True, False)
