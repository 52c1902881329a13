"""The last look at an ended process: what it wrote, and whether its children could escape the count."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import llmx
from llmx.core.process.transfer import last_look, transfer

SIZE = 300_000
ORDINARY = 65534

# a child writes a file, is looked at and reaped; printed: what the kernel charged itself, and what the look says
LOOK = f"""
import os, sys
from llmx.core.process.transfer import last_look, transfer
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    with open("data", "wb") as file: file.write(bytes({SIZE}))
    os.write(writer, b"%d" % transfer("/proc/self/io").write)
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
look = last_look(pid)
unreaped = look.gained().write
os.waitpid(pid, 0)
print(int(os.read(reader, 64)), unreaped, look.gained().write, look.gained().read is not None)
"""


@pytest.fixture
def open_folder():
    """A folder that another user can reach too."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield folder


@pytest.mark.parametrize("user", [0, ORDINARY] if os.getuid() == 0 else [os.getuid()])
def test_what_it_wrote_is_known_once_it_is_reaped(user, open_folder):
    """The kernel shows an ended process's own file to root only, so the figures come another way."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=open_folder,
        env={"PYTHONPATH": str(Path(llmx.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
        **({} if user == os.getuid() else {"user": user, "group": user, "extra_groups": []}),
    )
    charged, unreaped, written, reads_known = done.stdout.split()
    assert unreaped == "0"
    assert written == charged
    assert reads_known == "True"


@pytest.mark.parametrize("ignores", [True, False])
def test_a_process_that_ignored_the_end_of_its_children_is_recognized(ignores: bool) -> None:
    program = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)" if ignores else "pass"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", program], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    look = last_look(pid)
    os.waitpid(pid, 0)
    assert look.ignores_children is ignores


def test_a_process_that_is_gone_already_claims_nothing() -> None:
    assert last_look(2**22 + 1).ignores_children is False


@pytest.mark.parametrize("content", ["", "rchar: 1\nwchar: 2\n", "no numbers\n" * 6])
def test_a_file_of_another_form_gives_no_figures(content: str, tmp_path: Path) -> None:
    (tmp_path / "io").write_text(content)
    assert transfer(str(tmp_path / "io")) is None


def test_a_file_that_is_not_there_gives_no_figures(tmp_path: Path) -> None:
    assert transfer(str(tmp_path / "io")) is None
