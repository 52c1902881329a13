"""Unix sockets in the open: none is reached, and nobody who takes one away keeps a command from running."""

import os
import socket
import subprocess
import sys

import pytest

from llmx.core.sandbox.sockets import split, unsteady_folder

ONLY_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="another user's files can only be made as root")
STRANGER = 65534
KNOCK = "import socket, sys; print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"
CHURN = """
import os, socket, sys
path = sys.argv[1]
while True:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)
        os.chmod(path, 0o777)
        one.listen()
        print("on", flush=True)
    os.unlink(path)
"""


@pytest.fixture
def listen():
    """Make sockets; they are closed at the end."""
    held = []

    def make(path, mode=0o777):
        server = socket.socket(socket.AF_UNIX)
        held.append(server)
        server.bind(str(path))
        os.chmod(path, mode)
        server.listen()
        return str(path)

    yield make
    for server in held:
        server.close()


@ONLY_ROOT
@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o755], ids=["sticky", "anybodys", "a-strangers"])
def test_a_socket_that_comes_and_goes_keeps_no_command_from_running(project, in_the_open, mode):
    in_the_open.chmod(mode)
    if mode == 0o755:
        os.chown(in_the_open, STRANGER, STRANGER)
    churn = subprocess.Popen(
        [sys.executable, "-c", CHURN, f"{in_the_open}/s"],
        user=STRANGER,
        group=STRANGER,
        stdout=subprocess.PIPE,
        cwd="/",
    )
    try:
        assert churn.stdout
        assert churn.stdout.readline() == b"on\n"
        ended = [project.run("true", abilities={}).code for _ in range(15)]
    finally:
        churn.kill()
        churn.communicate()
    assert ended == [0] * 15


@ONLY_ROOT
def test_where_strangers_keep_one_nothing_is_seen_but_what_is_asked_for(project, in_the_open, listen):
    in_the_open.chmod(0o1777)
    path = listen(in_the_open / "s")
    os.chown(path, STRANGER, STRANGER)
    (in_the_open / "data").mkdir()
    (in_the_open / "data/file").write_text("here\n")
    assert project.outside("python3", "-c", KNOCK, path) == "0\n"
    assert project.run("python3", "-c", KNOCK, path).out == "2\n"
    assert project.run("ls", str(in_the_open)).out == ""
    assert project.run("cat", f"{in_the_open}/data/file", read=[f"{in_the_open}/data"]).out == "here\n"
    assert str(in_the_open) in project.run("true").answer["plan"]["hidden"]


@ONLY_ROOT
def test_a_folder_that_only_root_changes_stays_in_sight(project, in_the_open, listen):
    path = listen(in_the_open / "s")
    (in_the_open / "file").write_text("here\n")
    ran = project.run("sh", "-c", f"cat {in_the_open}/file; python3 -c '{KNOCK}' {path}")
    assert ran.out.split() == ["here", "111"], ran
    assert str(in_the_open) not in ran.answer["plan"]["hidden"]


def test_only_what_can_be_connected_to_counts(in_the_open, listen, tmp_path):
    open_one = listen(in_the_open / "s")
    (in_the_open / "link").symlink_to(in_the_open / "s")
    (in_the_open / "file").write_text("")
    names = [open_one, f"{in_the_open}/link", f"{in_the_open}/file", f"{in_the_open}/gone", open_one]
    assert split(names) == ([open_one], [])


@ONLY_ROOT
def test_a_socket_that_this_user_may_not_write_to_is_left_alone(project, in_the_open, listen):
    path = listen(in_the_open / "s", mode=0o755)
    ran = project.run("sh", "-c", f"test -S {path} && python3 -c '{KNOCK}' {path}")
    assert ran.out == "13\n", ran  # EACCES, in_the_open as well


@ONLY_ROOT
@pytest.mark.parametrize(
    ("mode", "owner", "entry_owner", "named"),
    [
        (0o755, 0, 0, ""),
        (0o755, 0, STRANGER, "{0}/in"),  # its own folder is the stranger's
        (0o1777, 0, 0, ""),
        (0o1777, 0, STRANGER, "{0}"),
        (0o777, 0, 0, "{0}"),
        (0o775, 0, 0, ""),
        (0o755, STRANGER, 0, "{0}"),
    ],
)
def test_the_folder_is_the_last_that_no_stranger_can_take_away(in_the_open, mode, owner, entry_owner, named):
    (in_the_open / "in").mkdir(mode=0o755)
    (in_the_open / "in/s").write_text("")
    os.chown(in_the_open / "in", entry_owner, entry_owner)
    os.chown(in_the_open, owner, 0)
    in_the_open.chmod(mode)
    assert unsteady_folder(f"{in_the_open}/in/s") == named.format(in_the_open)


@ONLY_ROOT
@pytest.mark.parametrize(("mode", "named"), [(0o755, ""), (0o1777, "{0}")])
def test_what_is_gone_by_now_was_taken_by_whoever_may(in_the_open, mode, named):
    in_the_open.chmod(mode)
    assert unsteady_folder(f"{in_the_open}/gone/s") == named.format(in_the_open)
