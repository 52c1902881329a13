"""Starting one program: found on PATH, with its streams and limits, and an honest report when it cannot be."""

import contextlib
import errno
import os
import resource
import signal

import pytest

from llmx.core.process import Launch, LaunchError, find_program, spawn
from llmx.core.process.tree import children


def outcome(launch):
    """Run it to its end: its exit code, negative for a signal."""
    _, status = os.waitpid(spawn(launch), 0)
    return os.waitstatus_to_exitcode(status)


def shell(line, **options):
    return Launch("/bin/sh", ["sh", "-c", line], **{"env": os.environ, **options})


@contextlib.contextmanager
def pipe():
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)
        with contextlib.suppress(OSError):
            os.close(writer)


class TestFindProgram:
    @pytest.fixture
    def folder(self, tmp_path):
        for name, mode in (("runs", 0o755), ("plain", 0o644)):
            (tmp_path / name).write_text("")
            (tmp_path / name).chmod(mode)
        (tmp_path / "folder").mkdir()
        return tmp_path

    @pytest.mark.parametrize("path", [None, ""])
    def test_without_a_path_the_usual_folders_are_searched(self, path):
        assert os.path.basename(find_program("sh", path, "/")) == "sh"

    def test_a_name_is_searched_in_order(self, folder, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        (other / "runs").touch(0o755)
        assert find_program("runs", f"/nowhere:{folder}:{other}", "/") == f"{folder}/runs"

    def test_what_may_not_be_executed_is_passed_over_for_a_later_one(self, folder, tmp_path_factory):
        other = tmp_path_factory.mktemp("other")
        (other / "plain").touch(0o755)
        assert find_program("plain", f"{folder}:{other}", "/") == f"{other}/plain"

    @pytest.mark.parametrize(("name", "number"), [("plain", errno.EACCES), ("folder", errno.EISDIR)])
    def test_what_is_there_but_cannot_run_is_a_permission_error(self, folder, name, number):
        for found in (lambda: find_program(name, str(folder), "/"), lambda: find_program(f"./{name}", "", str(folder))):
            with pytest.raises(PermissionError) as caught:
                found()
            assert caught.value.errno == number
            assert caught.value.filename.endswith(name)

    @pytest.mark.parametrize("name", ["nothing", "./nothing", "folder/nothing", "plain/nothing"])
    def test_what_is_not_there_is_not_found(self, folder, name):
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            find_program(name, str(folder), str(folder))

    def test_relative_entries_and_names_are_seen_from_the_commands_folder(self, folder):
        assert find_program("runs", ":/nowhere", str(folder)) == f"{folder}/runs"
        assert find_program("runs", ".", str(folder)) == f"{folder}/./runs"
        assert find_program("./runs", "/nowhere", str(folder)) == "./runs"


def test_it_runs_with_the_given_words_environment_and_folder(tmp_path):
    with pipe() as (reader, writer):
        line = 'printf "%s|" "$0" "$1" "$NAME" "$(pwd)"'
        launch = Launch(
            "/bin/sh",
            ["sh", "-c", line, "zero", "o\udcffne"],
            env={"NAME": "v\udcff"},
            cwd=str(tmp_path),
            streams=(-1, writer, -1),
        )
        assert outcome(launch) == 0
        assert os.read(reader, 1000) == b"zero|o\xffne|v\xff|" + os.fsencode(tmp_path) + b"|"


def test_streams_can_be_exchanged_and_nothing_else_is_inherited():
    with pipe() as (reader, writer):
        assert outcome(shell("echo out; echo err >&2", streams=(-1, writer, writer))) == 0
        assert os.read(reader, 1000) == b"out\nerr\n"
        assert outcome(Launch("/bin/ls", ["ls", "/proc/self/fd"], env={}, streams=(-1, writer, -1))) == 0
        assert not {b"%d" % reader, b"%d" % writer} & set(os.read(reader, 1000).split())


def test_each_runs_in_a_group_of_its_own_unless_it_should_not():
    with pipe() as (reader, writer):
        pid = spawn(shell("read line", streams=(reader, -1, -1)))
        assert os.getpgid(pid) == pid
        os.write(writer, b"\n")
        os.waitpid(pid, 0)
        pid = spawn(shell("read line", streams=(reader, -1, -1), group=False))
        assert os.getpgid(pid) == os.getpgrp()
        os.write(writer, b"\n")
        os.waitpid(pid, 0)


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGTTOU, signal.SIGXFSZ])
def test_it_starts_with_the_signals_as_a_shell_would_hand_them_on(number):
    before = signal.signal(number, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        with pipe() as (reader, writer):
            outcome(Launch("/bin/cat", ["cat", "/proc/self/status"], env={}, streams=(-1, writer, -1)))
            status = dict(line.split(b":\t", 1) for line in os.read(reader, 65536).splitlines() if b":\t" in line)
    finally:
        signal.signal(number, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert int(status[b"SigIgn"], 16) & 1 << number - 1 == 0
    assert int(status[b"SigBlk"], 16) == 0


def test_limits_are_soft_and_hard_and_never_raised():
    with pipe() as (reader, writer):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        launch = shell("ulimit -Sn; ulimit -Hn", limits=((resource.RLIMIT_NOFILE, 50),), streams=(-1, writer, -1))
        assert outcome(launch) == 0
        assert os.read(reader, 100).split() == [b"50", b"50"]
        launch = shell("ulimit -Hn", limits=((resource.RLIMIT_NOFILE, hard + 1),), streams=(-1, writer, -1))
        assert outcome(launch) == 0
        assert int(os.read(reader, 100)) == hard


def test_a_soft_limit_below_the_hard_one_stays():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with pipe() as (reader, writer):
        launch = shell("ulimit -Sn; ulimit -Hn", limits=((resource.RLIMIT_NOFILE, 200),), streams=(-1, writer, -1))
        resource.setrlimit(resource.RLIMIT_NOFILE, (150, before[1]))
        try:
            assert outcome(launch) == 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert os.read(reader, 100).split() == [b"150", b"200"]


def test_a_script_without_a_first_line_is_run_by_sh(tmp_path):
    script = tmp_path / "script"
    script.write_text("exit $(($1 + 40))\n")
    script.chmod(0o755)
    assert outcome(Launch(str(script), ["script", "2"], env={})) == 42


@pytest.mark.parametrize(
    ("options", "step", "number"),
    [
        ({"program": "/no/such/program"}, "execve", errno.ENOENT),
        ({"program": "/"}, "execve", errno.EACCES),
        ({"program": "/bin/sh", "cwd": "/no/such/folder"}, "chdir", errno.ENOENT),
        ({"program": "/bin/sh", "groups": ("/no/such/cgroup.procs",)}, "cgroup", errno.ENOENT),
        ({"program": "/bin/sh", "limits": ((99, 1),)}, "setrlimit", errno.EINVAL),
        ({"program": "/bin/sh", "streams": (999, -1, -1)}, "dup2", errno.EBADF),
        ({"program": "/bin/sh", "terminal": 999}, "tcsetpgrp", errno.EBADF),
        ({"program": "/bin/s\0h"}, "execve", errno.EINVAL),
    ],
    ids=str,
)
def test_what_cannot_be_started_says_at_which_step_and_leaves_nothing(options, step, number):
    before = children(os.getpid())
    with pytest.raises(LaunchError) as caught:
        spawn(Launch(argv=["sh"], env={}, **options))
    assert (caught.value.step, caught.value.errno) == (step, number)
    assert children(os.getpid()) == before


def test_nothing_stays_open_after_a_start_that_failed():
    before = os.listdir("/proc/self/fd")
    with pytest.raises(LaunchError):
        spawn(Launch("/no/such/program", ["x"], env={}))
    outcome(shell("true"))
    assert os.listdir("/proc/self/fd") == before
