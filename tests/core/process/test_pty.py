"""A command at a terminal of its own behaves as at the caller's, which comes back as it was."""

import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios

import pytest

from tests.core.process.shell_at_terminal import REPOSITORY, TOOL, Shell

PYTHON = f"{sys.executable} -S -E"


@pytest.fixture
def shell(tmp_path):
    one = Shell(tmp_path)
    yield one
    one.close()


def program(folder, name, text):
    (folder / name).write_text(text)
    return f"{TOOL} {PYTHON} {name}"


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def assert_sane(shell, before):
    """The shell's terminal has its modes back, and the shell reads from it."""
    shell.type("stty -g >after; echo SA''NE\n")
    shell.wait_for(rb"SANE\r\n\$ ")
    assert (shell.folder / "after").read_text() == before


@pytest.fixture
def before(shell):
    shell.type("stty -g >before; echo NO''TED\n")
    shell.wait_for(rb"NOTED\r\n\$ ")
    return (shell.folder / "before").read_text()


def test_the_command_leads_a_session_at_another_terminal_of_the_same_size(shell, before):
    shell.resize(33, 101)
    show = "import os; print(os.getsid(0) == os.getpid() == os.tcgetpgrp(0), [os.ttyname(n) for n in (0, 1, 2)])"
    line = program(shell.folder, "show.py", show)
    shell.type(f"tty; {line}; {TOOL} stty size; echo EN''D\n")
    outer = shell.wait_for(rb"\n(/dev/\S+)\r")[1]
    inner = shell.wait_for(rb"True \['(\S+)', '\1', '\1'\]")[1]
    assert inner != outer
    shell.wait_for(rb"33 101\r\nEND\r\n\$ ")
    assert_sane(shell, before)


def test_a_change_of_size_reaches_the_command(shell):
    waits = """
import os, signal
signal.signal(signal.SIGWINCH, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print("READ" + "Y", flush=True)
signal.sigwait([signal.SIGWINCH])
print(*os.get_terminal_size(), flush=True)
"""
    shell.type(program(shell.folder, "waits.py", waits) + "\n")
    shell.wait_for(rb"READY")
    shell.resize(50, 132)
    shell.wait_for(rb"132 50\r\n")


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)], ids=["Ctrl-C", "Ctrl-backslash"])
def test_a_key_that_ends_a_program_ends_the_command(shell, before, key, code):
    shell.type(f"ulimit -c 0; {TOOL} sh -c 'echo REA''DY; exec sleep 60'; echo EN''D $?\n")
    shell.wait_for(rb"READY")
    shell.type(key)
    number = int(shell.wait_for(rb"END (\d+)")[1])
    assert number in (code, 256 - (code - 128))  # the test's driver tells a signal's number as it comes
    assert_sane(shell, before)


def test_ctrl_d_is_the_end_of_what_is_typed(shell, before):
    shell.type(f"{TOOL} cat; echo EN''D $?\n")
    shell.type("one\n")
    shell.wait_for(rb"one\r\none\r\n")
    shell.type("\x04")
    shell.wait_for(rb"END 0")
    assert_sane(shell, before)


def test_a_program_that_asks_for_keys_as_they_are_gets_every_byte(shell, before):
    reads = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"READ" + b"Y")
got = b""
while len(got) < 256:
    got += os.read(0, 1024)
open("got", "wb").write(got)
os.write(1, b"<" + bytes(range(256)) + b">")
"""
    shell.type(program(shell.folder, "reads.py", reads) + "; echo EN''D $?\n")
    shell.wait_for(rb"READY")
    everything = bytes(range(256))
    shell.type(everything)
    shell.wait_for(b"<" + b"".join(b"\\x%02x" % byte for byte in everything) + b">")
    shell.wait_for(rb"END 0")
    assert (shell.folder / "got").read_bytes() == everything
    assert_sane(shell, before)


def test_a_large_paste_arrives_whole(shell, before):
    shell.type(f"{TOOL} sh -c 'stty -echo; echo REA''DY; cat >pasted; echo REA''D'\n")
    shell.wait_for(rb"READY")
    text = "".join(f"{number:06d} {'x' * 60}\n" for number in range(4000))
    shell.type(text)
    shell.type("\x04")
    shell.wait_for(rb"READ\r\n\$ ")
    assert (shell.folder / "pasted").read_text() == text
    assert_sane(shell, before)


def test_much_typed_to_a_command_that_does_not_read_holds_up_no_output(shell):
    shell.type(f"{TOOL} sh -c 'stty raw -echo; echo REA''DY; read -r x <fifo; seq 3; echo DO''NE'; echo EN''D\n")
    os.mkfifo(shell.folder / "fifo")
    shell.wait_for(rb"READY")
    for _ in range(8):
        os.write(shell.ours, b"y" * 400)
    (shell.folder / "fifo").write_text("go\n")
    shell.wait_for(rb"DONE")
    shell.wait_for(rb"END")


def test_much_output_arrives_whole_and_in_order(shell):
    shell.type(f"{TOOL} sh -c 'seq 60000; echo DO''NE'; echo EN''D\n")
    shell.wait_for(rb"END\r\n1\r\n|\n1\r\n")
    text = b""
    while b"DONE" not in text:
        shell.look(20)
        text, shell.seen = text + shell.seen, b""
    assert text.partition(b"DONE")[0].split() == [str(number).encode() for number in range(2, 60001)]


def test_the_last_output_of_a_short_command_is_never_lost(shell):
    shell.type(f"for n in 1 2 3 4 5 6 7 8; do {TOOL} printf \"<%s>\" $n; done; echo EN''D\n")
    for number in range(1, 9):
        shell.wait_for(b"<%d>" % number)
    shell.wait_for(rb"END")


def test_a_password_is_not_echoed(shell, before):
    asks = "import getpass; print('GOT', len(getpass.getpass('Pass' + 'word: ')))"
    line = f"{TOOL} {sys.executable} asks.py"
    (shell.folder / "asks.py").write_text(asks)
    shell.type(line + "\n")
    shell.wait_for(rb"Password: ")
    shell.type("tiger123\n")
    assert b"tiger" not in shell.wait_for(rb"(?s)(.*)GOT 8\r\n\$ ")[0]
    assert_sane(shell, before)


def test_ctrl_z_stops_the_job_and_fg_goes_on(shell, before):
    shell.type(f"{TOOL} sh -c 'echo REA''DY; read x; echo GOT $x'\n")
    shell.wait_for(rb"READY")
    shell.type("\x1a")
    shell.wait_for(rb"Stopped")
    shell.wait_for(rb"\$ ")
    assert_sane(shell, before)
    shell.type("fg\n")
    shell.wait_for(rb"at_own_terminal")
    shell.type("hello\n")
    shell.wait_for(rb"GOT hello\r\n")
    shell.wait_for(rb"\$ ")
    assert_sane(shell, before)


def test_in_the_background_it_leaves_the_keyboard_to_the_shell_and_fg_takes_it(shell, before):
    shell.type(f"{TOOL} sh -c 'echo REA''DY; read x; echo GOT $x'\n")
    shell.wait_for(rb"READY")
    shell.type("\x1a")
    shell.wait_for(rb"Stopped.*\r\n\$ ")
    shell.type("bg\n")
    shell.wait_for(rb"&\r\n\$ ")
    shell.type("echo MI''NE\n")
    shell.wait_for(rb"MINE")
    assert_sane(shell, before)
    shell.type("fg\n")
    shell.wait_for(rb"at_own_terminal")
    shell.type("hello\n")
    shell.wait_for(rb"GOT hello\r\n")


def test_a_shell_inside_keeps_its_own_jobs(shell):
    shell.type(f"{TOOL} bash --norc --noprofile -i\n")
    shell.wait_for(rb"\$ ")
    shell.type("sh -c 'echo REA''DY; exec sleep 60'\n")
    shell.wait_for(rb"READY")
    shell.type("\x1a")
    shell.wait_for(rb"Stopped.*sleep(?s:.*)\$ ")  # before its prompt, the terminal echoes by itself what is typed
    tool = children(shell.process.pid)
    shell.type("kill %1; wait %1; exit; exit\n")  # the first is refused where the shell has not seen yet that it ended
    shell.await_end(*tool)  # what is typed before that goes with the inner terminal
    shell.type("jobs; echo NO''NE\n")
    shell.wait_for(rb"NONE")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_leaves_the_terminal_as_it_was(shell, before, number):
    shell.type(f"{TOOL} sh -c 'stty raw -echo; echo REA''DY; exec sleep 60'; echo EN''D $?\n")
    shell.wait_for(rb"READY")
    assert not shell.modes[3] & termios.ICANON
    (tool,) = children(shell.process.pid)
    os.kill(tool, number)
    shell.wait_for(b"END %d" % (128 + number))
    assert_sane(shell, before)


def test_a_vanished_terminal_ends_the_command(tmp_path):
    shell = Shell(tmp_path)
    shell.type(f"{TOOL} sh -c 'echo REA''DY; exec sleep 60'\n")
    shell.wait_for(rb"READY")
    (tool,) = children(shell.process.pid)
    watch = os.pidfd_open(tool)
    shell.close()

    ready, _, _ = select.select([watch], [], [], 20)
    os.close(watch)
    assert ready


@pytest.mark.parametrize(
    ("line", "seats"),
    [("{} | cat", "True False True"), ("{} 2>/dev/null", "True True False"), ("echo | {}", "False True True")],
)
def test_only_what_was_the_terminal_is_the_new_one(shell, line, seats):
    show = "import os; print(*map(os.isatty, (0, 1, 2)))"
    shell.type(line.format(program(shell.folder, "show.py", show)) + "; echo EN''D\n")
    shell.wait_for(seats.encode() + rb"\r\nEND")


INJECT = """
import fcntl, termios
for byte in b"touch injected\\n":
    fcntl.ioctl(%s, termios.TIOCSTI, bytes([byte]))
print("INJECT" + "ED", flush=True)
"""


@pytest.mark.parametrize("where", ["0", "open('/dev/tty')"])
def test_keys_injected_into_the_commands_terminal_do_not_reach_the_shell(shell, before, where):
    line = program(shell.folder, "inject.py", INJECT % where)
    shell.type(f"{line}\n")
    shell.wait_for(rb"INJECTED|Error")
    shell.wait_for(rb"\$ ")
    assert_sane(shell, before)
    assert not (shell.folder / "injected").exists()


def test_without_a_terminal_of_its_own_they_would_reach_it(shell):
    (shell.folder / "inject.py").write_text(INJECT % "0")
    shell.type(f"{PYTHON} inject.py\n")
    if shell.wait_for(rb"INJECTED|Error")[0] == b"Error":
        pytest.skip("this kernel forbids TIOCSTI (dev.tty.legacy_tiocsti = 0), so there is nothing to compare with")
    shell.type("echo NE''XT\n")
    shell.wait_for(rb"NEXT")
    assert (shell.folder / "injected").exists()


EDITOR = shutil.which("vim") or shutil.which("vim.tiny") or shutil.which("vi")


@pytest.mark.skipif(not EDITOR, reason="no vi is installed here; the program that asks for keys stands for it")
def test_an_editor_opens_edits_saves_and_leaves_the_terminal_sane(shell, before):
    shell.type(f"{TOOL} {EDITOR} -u NONE -N file; echo EN''D $?\n")
    shell.wait_for(rb"\[New\]|\[New File\]|~")
    shell.type("ihello\x1b:wq\r")
    shell.wait_for(rb"END 0\r\n\$ ")
    assert (shell.folder / "file").read_text() == "hello\n"
    assert_sane(shell, before)


@pytest.mark.skipif(not shutil.which("less"), reason="less is not installed here; the editor stands for it")
def test_a_pager_pages(shell, before):
    (shell.folder / "long").write_text("".join(f"line {number}\n" for number in range(500)))
    shell.type(f"{TOOL} less long; echo EN''D $?\n")
    shell.wait_for(rb"line 20\r\n")
    shell.type("G")
    shell.wait_for(rb"line 499")
    shell.type("q")
    shell.wait_for(rb"END 0\r\n\$ ")
    assert_sane(shell, before)


def test_a_repl_keeps_ctrl_c_to_itself(shell, before):
    shell.type(f"{TOOL} {sys.executable} -q -E; echo EN''D $?\n")
    shell.wait_for(rb">>> ")
    shell.type("import time; print('SLEEP' + 'ING'); time.sleep(60)\n")
    shell.wait_for(rb"SLEEPING")
    shell.type("\x03")
    shell.wait_for(rb"KeyboardInterrupt")
    shell.wait_for(rb">>> ")
    shell.type("print('AL' + 'IVE'); exit(7)\n")
    shell.wait_for(rb"ALIVE")
    shell.wait_for(rb"END 7\r\n\$ ")
    assert_sane(shell, before)


@pytest.mark.skipif(not shutil.which("top"), reason="top is not installed here; the editor stands for it")
def test_a_program_that_redraws_the_screen_ends_by_its_own_key(shell, before):
    shell.type(f"{TOOL} top -d 60; echo EN''D $?\n")
    shell.wait_for(rb"PID")
    shell.type("q")
    shell.wait_for(rb"END 0\r\n\$ ")
    assert_sane(shell, before)


@pytest.mark.skipif(not shutil.which("tmux") or not EDITOR, reason="tmux or vi is missing; the others stand for them")
def test_an_editor_in_tmux(tmp_path):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a socket's path is short
        tmux = ["tmux", "-f", "/dev/null", "-S", f"{folder}/s"]
        environment = os.environ | {"TERM": "xterm", "PYTHONPATH": str(REPOSITORY)}
        line = (
            f"{TOOL} {EDITOR} -u NONE -N file; stty -a >modes; echo $? >code; tmux -S {folder}/s wait-for -S over; cat"
        )
        run = functools.partial(subprocess.run, env=environment, cwd=tmp_path, check=True, timeout=20)
        run([*tmux, "new-session", "-d", "-x", "90", "-y", "30", line])
        try:
            run([*tmux, "send-keys", "ihello", "Escape", ":wq", "Enter"])
            run([*tmux, "wait-for", "over"])
        finally:
            run([*tmux, "kill-server"])
    assert (tmp_path / "file").read_text() == "hello\n"
    assert (tmp_path / "code").read_text() == "0\n"
    modes = (tmp_path / "modes").read_text()
    assert "rows 30; columns 90;" in modes
    assert {"icanon", "echo", "isig", "opost"} <= set(modes.split())
