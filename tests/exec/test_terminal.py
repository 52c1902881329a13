"""On a terminal the command is the foreground job: Ctrl-C and Ctrl-Z are its own, and the shell gets it back."""

import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time

import pytest

PATIENCE = 20.0
TOOL = f"{sys.executable} -m llmx exec --no-sandbox"


class Terminal:
    """A program at a terminal of its own; what it writes is kept."""

    def __init__(self, place, program, **env):
        self.ours, theirs = os.openpty()
        self.seen = ""

        def sit_down():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = place.start(
            program=program,
            env={"TERM": "xterm", "PS1": "$ ", "HISTFILE": "", "BASH_SILENCE_DEPRECATION_WARNING": "1", **env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            before=sit_down,
            start_new_session=False,
        )
        os.close(theirs)

    def type(self, text):
        os.write(self.ours, text.encode())

    def wait_for(self, pattern):
        """Read until ``pattern`` is there; forget everything up to its end and return the match."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not appear in {self.seen!r}"
            try:
                self.seen += os.read(self.ours, 65536).decode(errors="replace")
            except OSError as error:
                pytest.fail(f"{error}, before {pattern!r} appeared in {self.seen!r}")
        self.seen = self.seen[found.end() :]
        return found

    @property
    def foreground(self):
        return os.tcgetpgrp(self.ours)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGHUP)
        os.close(self.ours)
        self.process.wait(PATIENCE)


@pytest.fixture
def terminal(place, until):
    opened = []

    def open_terminal(program, **env):
        opened.append(Terminal(place, program, **env))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()
    until(lambda: not place.survivors(), "the end of everything at a closed terminal")


@pytest.fixture
def bash(terminal):
    """An interactive shell."""
    shell = terminal(["bash", "--norc", "--noprofile", "-i"])
    shell.wait_for(r"\$ ")
    return shell


SHOW_PLACE = "import os; print('GROUP', os.getpgrp() == os.getpid() == os.tcgetpgrp(0), flush=True)"


def test_the_command_leads_the_foreground_group_and_sees_a_terminal(terminal, place):
    script = place.write("show.py", SHOW_PLACE + "; print([os.isatty(n) for n in (0, 1, 2)])")
    alone = terminal(["sh", "-c", f"{TOOL} -- {sys.executable} -S {script}; echo END $?"])
    alone.wait_for(r"GROUP True\r\n\[True, True, True\]\r\nEND 0")


def test_the_terminal_is_given_back_at_the_end(bash):
    bash.type(f"{TOOL} -- sleep 0.05; echo EN''D $?\n")
    bash.wait_for("END 0")
    bash.wait_for(r"\$ ")
    assert bash.foreground == bash.process.pid
    bash.type("read line; echo GO''T $line\nhello\n")
    bash.wait_for("GOT hello")


@pytest.mark.parametrize("ending", ["--timeout 0.3 -- sleep 60", "-- sh -c 'kill -9 $$'", "-- no-such-command"])
def test_the_terminal_is_given_back_however_it_ends(bash, ending):
    bash.type(f"{TOOL} --grace 0.1 {ending}; echo EN''D $?\n")
    assert bash.wait_for(r"END (\d+)")[1] in ("124", "137", "127")
    bash.wait_for(r"\$ ")
    assert bash.foreground == bash.process.pid


def test_ctrl_c_ends_the_command(bash):
    bash.type(f"{TOOL} -- sh -c 'echo READ''Y; exec sleep 60'; echo EN''D $?\n")
    bash.wait_for("READY")
    bash.type("\x03")
    bash.wait_for("END 130")
    bash.wait_for(r"\$ ")
    assert bash.foreground == bash.process.pid


def test_a_repl_keeps_ctrl_c_to_itself(bash):
    bash.type(f"{TOOL} -- {sys.executable} -q -E; echo EN''D $?\n")
    bash.wait_for(">>> ")
    bash.type("import time; print('SLEEP' + 'ING'); time.sleep(60)\n")
    bash.wait_for("SLEEPING")
    bash.type("\x03")
    bash.wait_for("KeyboardInterrupt")
    bash.wait_for(">>> ")
    bash.type("print('AL' + 'IVE'); exit(7)\n")
    bash.wait_for("ALIVE")
    bash.wait_for("END 7")


@pytest.mark.parametrize("report", ["", "--result /dev/null"])
def test_ctrl_z_stops_the_job_and_fg_goes_on(bash, report):
    bash.type(
        f"{TOOL} {report} -- {sys.executable} -S -c \"print('READ' + 'Y'); print('GOT', input())\"; echo EN''D $?\n"
    )
    bash.wait_for("READY")
    bash.type("\x1a")
    bash.wait_for("Stopped")
    bash.wait_for(r"\$ ")
    assert bash.foreground == bash.process.pid
    bash.type("jobs\n")
    bash.wait_for(r"Stopped.*llmx")
    bash.type("fg\n")
    bash.wait_for(r"llmx exec")
    bash.type("hello\n")
    bash.wait_for("GOT hello")
    bash.wait_for(r"\$ ")
    assert bash.foreground == bash.process.pid


def test_time_spent_stopped_does_not_count_against_the_timeout(bash):
    script = "import time; print('READ' + 'Y', flush=True); time.sleep(0.5); print('DON' + 'E')"
    bash.type(f'{TOOL} --timeout 1.5 -- {sys.executable} -S -c "{script}"\n')
    bash.wait_for("READY")
    bash.type("\x1a")
    bash.wait_for("Stopped")
    time.sleep(1.6)  # what is tested is that this time does not count
    bash.type("fg\n")
    bash.wait_for("DONE")
    bash.type("echo CODE $?\n")
    bash.wait_for("CODE 0")


def test_a_stopped_job_can_be_ended(bash, place, until):
    bash.type(f"{TOOL} --grace 0.1 -- sh -c 'echo READ''Y; exec sleep 60'\n")
    bash.wait_for("READY")
    bash.type("\x1a")
    bash.wait_for("Stopped")
    bash.type("kill %1; fg\n")
    bash.wait_for(r"Terminated|\$ ")
    until(lambda: not [line for line in place.survivors().values() if b"sleep\0" in line])


@pytest.mark.parametrize(
    "line", ["{tool} -- echo hello | cat", "echo hello | {tool} -- cat", "echo hello | {tool} cat | cat"]
)
def test_in_a_pipeline_the_terminal_stays_with_the_shells_job(bash, line):
    bash.type(line.format(tool=TOOL) + "; echo EN''D $?\n")
    bash.wait_for("hello\r\n")
    bash.wait_for("END 0")
    assert bash.foreground == bash.process.pid


def test_a_pager_behind_a_pipe_can_use_the_terminal(bash):
    if not shutil.which("less"):
        pytest.skip("less is not installed here; the other pipelines of this file stand for it")
    bash.type(f"{TOOL} -- seq 500 | less\n")
    bash.wait_for(r"\n:|\x1b\[K:")
    bash.type("G")
    bash.wait_for("500")
    bash.type("q")
    bash.wait_for(r"\$ ")
    bash.type("echo BA''CK\n")
    bash.wait_for("BACK")


def test_ctrl_c_ends_a_whole_pipeline(bash, place, until):
    bash.type(f"{TOOL} --grace 0.1 -- sh -c 'echo READ''Y >&2; exec sleep 60' | cat\n")
    bash.wait_for("READY")
    bash.type("\x03")
    bash.wait_for(r"\$ ")
    until(lambda: not [line for line in place.survivors().values() if b"sleep\0" in line])
    assert bash.foreground == bash.process.pid


def test_a_run_in_the_background_does_not_take_the_terminal(bash):
    bash.type(f"{TOOL} -- sh -c 'sleep 0.2; echo BACK''GROUND' &\n")
    bash.wait_for(r"\[1\] \d+")
    bash.type("echo MI''NE\n")
    bash.wait_for("MINE")
    assert bash.foreground == bash.process.pid
    bash.wait_for("BACKGROUND")


FULL_SCREEN = """
import curses

def screen(window):
    window.addstr(0, 0, "FULL SCREEN")
    window.refresh()
    open("key", "w").write(chr(window.getch()))

curses.wrapper(screen)
"""


def test_a_full_screen_program_works(bash, place):
    place.write("screen.py", FULL_SCREEN)
    bash.type(f"{TOOL} -- {sys.executable} screen.py; echo EN''D $?\n")
    bash.wait_for("FULL SCREEN")
    bash.type("x")
    bash.wait_for("END 0")
    assert (place.folder / "key").read_text() == "x"
    bash.wait_for(r"\$ ")
    bash.type("stty -a\n")
    bash.wait_for(r"\sicanon .* echo\s")


def test_an_editor_works(bash, place):
    editor = shutil.which("vim.tiny") or shutil.which("vim") or shutil.which("vi")
    if not editor:
        pytest.skip("no vi is installed here; the full-screen program of this file stands for it")
    bash.type(f"{TOOL} -- {editor} -u NONE -N file; echo EN''D $?\n")
    bash.wait_for(r"\[New\]|\[New File\]|~")
    bash.type("ihello\x1b:wq\r")
    bash.wait_for("END 0")
    assert (place.folder / "file").read_text() == "hello\n"


def test_json_at_a_terminal_is_captured_and_ctrl_c_says_interrupted(bash, checked):
    bash.type(f"{TOOL} --json -- sh -c 'echo up >/dev/tty; exec sleep 60' >out; echo EN''D $?\n")
    bash.wait_for("up\r\n")
    bash.type("\x03")
    bash.wait_for(r"\$ ")
    bash.type("cat out; echo EN''D\n")
    text = bash.wait_for(r"(\{.*\})\r\nEND")[1]
    result = checked(text.replace("\r\n", ""))
    assert (result["status"], result["exit_code"]) == ("interrupted", 130)


def test_a_vanished_terminal_ends_the_run(terminal, place, until):
    one = terminal(["bash", "--norc", "--noprofile", "-i"])
    one.wait_for(r"\$ ")
    one.type(f"{TOOL} --grace 0.1 -- sh -c 'echo READ''Y; exec sleep 60'\n")
    one.wait_for("READY")
    os.close(one.ours)
    until(lambda: not place.survivors(), "the end of everything at that terminal")
    one.ours = os.open(os.devnull, os.O_RDONLY)


@pytest.mark.skipif(
    not shutil.which("tmux"), reason="tmux is not installed here; the other terminals of this file stand for it"
)
def test_in_tmux(place, until):
    socket = str(place.folder / "tmux")
    tmux = ["tmux", "-f", "/dev/null", "-S", socket]
    line = f"{TOOL} -- sh -c 'tty; exit 7'; echo $? >code; sleep 60"
    env = place.env | {"TERM": "xterm"}
    subprocess.run([*tmux, "new-session", "-d", line], env=env, cwd=place.folder, check=True)
    try:
        code = place.folder / "code"
        until(lambda: code.exists() and code.read_text())
        screen = subprocess.run(
            [*tmux, "capture-pane", "-p"], env=env, capture_output=True, text=True, check=True
        ).stdout
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=True)
    assert code.read_text() == "7\n"
    assert screen.startswith("/dev/pts/")
    until(lambda: not place.survivors())
