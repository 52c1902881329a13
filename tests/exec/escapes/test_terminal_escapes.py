"""A command at a terminal cannot type into it, nor reach another one of the same user's."""

import fcntl
import os
import termios
from pathlib import Path

import pytest

from tests.exec.escapes.levels import environment, words
from tests.exec.escapes.scene import PYTHON

PUSH = """
import fcntl, os, sys, termios
for fd in (0, 1, 2, "/dev/tty"):
    for request, text in ((termios.TIOCSTI, sys.argv[1].encode()), (0x541C, bytes([3]))):
        try:
            where = os.open(fd, os.O_RDWR | os.O_NOCTTY) if isinstance(fd, str) else fd
            for each in range(len(text)):
                fcntl.ioctl(where, request, text[each:each + 1])
            print("did", fd, hex(request))
        except OSError as error:
            print("failed", fd, hex(request), error)
"""
OTHER = "import sys; print(open(sys.argv[1], 'wb', 0).write(sys.argv[2].encode()))"


@pytest.fixture
def terminal(scene):
    """The two ends of a terminal; its program end belongs to the user."""
    opened: list[int] = []

    def make():
        ours, theirs = os.openpty()
        os.fchown(theirs, scene.place.uid, -1)
        opened.extend((ours, theirs))
        return ours, theirs

    yield make
    for descriptor in opened:
        os.close(descriptor)


def run_at(scene, level, theirs, program, *arguments):
    """Run a program under llm-exec, whose controlling terminal it is, to its end."""

    def sit_down():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = scene.place.start(
        program=words(level, [PYTHON, "-S", "-E", "-c", program, *arguments]),
        cwd=scene.work,
        env={"TERM": "xterm", **environment(level, scene)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        before=sit_down,
        start_new_session=False,
    )
    process.wait(20)


def typed(theirs):
    """What waits to be read at a terminal, as if somebody had typed it."""
    settings = termios.tcgetattr(theirs)
    settings[3] &= ~termios.ICANON
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    os.set_blocking(theirs, False)
    try:
        return os.read(theirs, 4096)
    except BlockingIOError:
        return b""


def shown(ours):
    os.set_blocking(ours, False)
    try:
        return os.read(ours, 65536)
    except BlockingIOError:
        return b""


def test_a_command_types_into_its_terminal_where_nothing_confines_it(scene, terminal):
    switch = Path("/proc/sys/dev/tty/legacy_tiocsti")
    if switch.exists() and switch.read_text().strip() == "0":
        pytest.skip("this kernel lets nobody type into a terminal")
    ours, theirs = terminal()
    run_at(scene, "control", theirs, PUSH, scene.token)
    assert scene.token.encode() in typed(theirs), shown(ours)


@pytest.mark.parametrize("level", ["full", "landlock", "restricted"])
def test_a_command_cannot_type_into_the_terminal_of_llm_exec(scene, terminal, level):
    ours, theirs = terminal()
    run_at(scene, level, theirs, PUSH, scene.token)
    assert b"0x5412" in shown(ours)
    assert typed(theirs) == b""


def test_another_terminal_is_written_to_where_nothing_confines_it(scene, terminal):
    (_, theirs), (other, other_theirs) = terminal(), terminal()
    run_at(scene, "control", theirs, OTHER, os.ttyname(other_theirs), scene.token)
    assert scene.token.encode() in shown(other)


@pytest.mark.parametrize("level", ["full", "restricted"])
def test_another_terminal_of_the_user_is_not_written_to(scene, terminal, level):
    (ours, theirs), (other, other_theirs) = terminal(), terminal()
    run_at(scene, level, theirs, OTHER, os.ttyname(other_theirs), scene.token)
    assert shown(other) == b""
    assert b"Error" in shown(ours)
