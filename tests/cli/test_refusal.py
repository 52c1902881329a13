"""A command line that the tree refuses: one form of error on every way in, with the next thing to type."""

import json
import os
import pty
import resource
import subprocess
import sys

import pytest

from tests import forked

LLMX = [sys.executable, "-m", "llmx"]

# the words -> the error, and the hint
REFUSED = {
    "exce -- true": ("llmx: no such command 'exce'", "did you mean llmx exec?"),
    "config sho": ("llmx config: no such command 'sho'", "did you mean llmx config show?"),
    "zzz": ("llmx: no such command 'zzz'", "llmx --help shows what it takes"),
    "version --shrt": ("llmx version: no such option: --shrt", "did you mean --short?"),
    "version --zzz": ("llmx version: no such option: --zzz", "llmx version --help shows what it takes"),
    "version -5": (
        "llmx version: no such option: -5",
        "a word that begins with - stands behind --: llmx version -- -5",
    ),
    "version extra": (
        "llmx version: got unexpected extra argument(s) (extra)",
        "llmx version --help shows what it takes",
    ),
    "version --output yaml": (
        "llmx version: invalid value for '--output': 'yaml' is not one of 'text', 'json'",
        "llmx version --help shows what it takes",
    ),
    "--profile x config get --output": (
        "llmx config get: option '--output' requires an argument",
        "llmx config get --help shows what it takes",
    ),
    "completion show": (
        "llmx completion show: missing argument 'shell'. Choose from:\n\tbash,\n\tzsh,\n\tfish",
        "llmx completion show --help shows what it takes",
    ),
    "help exit-code": ("no chapter is called exit-code", "did you mean `llmx help exit-codes`?"),
}


def run(*words, **options):
    return forked.run([*LLMX, *words], text=True, **options)


@pytest.mark.parametrize(("line", "told"), REFUSED.items())
def test_what_is_wrong_and_what_to_type_next(line, told):
    done = run(*line.split())
    assert done.stderr == f"error: {told[0]}\nhint: {told[1]}\n"
    assert done.stdout == ""
    assert done.returncode == (4 if line.startswith("help") else 2)


@pytest.mark.parametrize("form", [["--output", "json"], ["--output=json"]], ids=" ".join)
@pytest.mark.parametrize("words", [["config", "show", "--nonsense"], ["config", "get", "no.such.key"]], ids=" ".join)
def test_whoever_asked_for_json_gets_the_error_as_json_too(words, form):
    done = run(*words[:2], *form, *words[2:])
    error = json.loads(done.stdout)["error"]
    assert done.stderr == f"error: {error['message']}\nhint: {error['hint']}\n"
    assert error["exit_code"] == done.returncode > 0


@pytest.mark.parametrize("words", [[], ["config"], ["completion"]], ids=" ".join)
def test_a_group_without_a_command_shows_its_help_on_stderr_and_exits_2(words):
    done = run(*words)
    assert done.stderr.startswith(f"Usage: {' '.join(['llmx', *words])} [OPTIONS] COMMAND")
    assert done.stderr.endswith("\n")
    assert (done.returncode, done.stdout) == (2, "")


def test_debugging_shows_where_an_error_comes_from():
    done = run("help", "zzz", env=os.environ | {"LLMX_DEBUG": "1"})
    assert "Traceback" in done.stderr
    assert "NotFoundError" in done.stderr


@pytest.mark.parametrize("line", ["agent init", "completion install bash"])
def test_a_home_that_cannot_be_written_is_said(line, ordinary_user, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    user = {} if os.getuid() else {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid, "extra_groups": []}
    done = run(*line.split(), env=os.environ | {"HOME": str(closed)}, cwd="/", **user)
    assert done.returncode == 1
    assert done.stderr.startswith("error: /")
    assert done.stderr.endswith(
        ": Permission denied\nhint: llmx doctor shows which folders llmx needs, and how much room there is\n"
    )


@pytest.mark.parametrize("line", ["help exit-codes", "version", "--help", "exec --schema"])
def test_a_full_disk_is_said_and_is_no_success(line):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*LLMX, *line.split()], check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: the output was not written: No space left on device\n")


@pytest.mark.parametrize(
    ("line", "folder"), [("keys add groq", ".config/llmx/keys"), ("completion install bash", ".local/share")]
)
def test_a_file_for_which_there_is_no_room_is_named_and_nothing_of_it_is_left(home, line, folder):
    done = subprocess.run(
        [*LLMX, *line.split()],
        check=False,
        capture_output=True,
        text=True,
        input="a-key-of-some-length\n",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {home}/{folder}/")
    assert ": File too large\nhint: llmx doctor shows" in done.stderr
    assert [path for path in (home / folder).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("line", ["--help", "version", "help exit-codes", "exec --schema", "exec --help"])
def test_a_closed_stdout_is_no_failure(line):
    done = subprocess.run(["sh", "-c", f"{' '.join(LLMX)} {line} >&-"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_gets_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*LLMX, "help", "exit-codes"], check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def on_terminal(*words):
    """What a terminal shows for ``llmx`` with ``words``, and the exit code."""
    terminal, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen([*LLMX, *words], env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # Linux ends a terminal that nobody holds any more so
            break
        if not block:
            break
        shown += block
    os.close(terminal)
    return shown.decode(), process.wait()


@pytest.mark.parametrize("line", ["zzz", "version --zzz", "help zzz"])
def test_a_terminal_shows_an_error_as_a_pipe_does(line):
    shown, code = on_terminal(*line.split())
    done = run(*line.split())
    assert (shown.replace("\r\n", "\n"), code) == (done.stderr, done.returncode)


def test_a_terminal_gets_help_in_color_and_in_groups():
    shown, code = on_terminal("exec", "--help")
    assert code == 0
    assert "\x1b[" in shown
    for group in ("What runs", "Time", "Limits", "What comes back"):
        assert f" {group} " in shown


def test_a_terminal_gets_the_help_of_a_group_without_a_command():
    shown, code = on_terminal()
    assert code == 2
    assert "completion" in shown
    assert "error:" not in shown


EARLY = """
import sys
from llmx.__main__ import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.argv = ["llmx", "version"]
sys.exit(main())
"""


def test_ctrl_c_before_the_tree_is_there_is_130_and_no_traceback():
    done = subprocess.run([sys.executable, "-c", EARLY], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
