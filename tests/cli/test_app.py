"""The root of the tree: what it does with how a command ends, and with words that the front door has not taken."""

import gc
import subprocess
import sys

import pytest
import typer

from llmx.cli.app import Root, open_tree
from llmx.cli.help import ALSO
from llmx.cli.lazy import Member

ending = typer.Typer(add_completion=False)


@ending.command()
def end(how: str) -> None:
    """End as told."""
    endings: dict[str, BaseException | type[BaseException]] = {
        "interrupted": KeyboardInterrupt,
        "aborted": typer.Abort,
        "exit": typer.Exit(9),
        "defect": ZeroDivisionError("a defect"),
        "file": OSError(22, "Invalid argument", "/some/file"),
        "no room": OSError(28, "No space left on device", "/some/file"),
    }
    if how in endings:
        raise endings[how]


@pytest.fixture
def tree(monkeypatch):
    """Run the tree, in this process, with the command above in it."""
    monkeypatch.setitem(Root.members, "end", Member(f"{__name__}:ending", "End as told.", "More"))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["llmx", *words])
        return open_tree()

    yield run
    gc.unfreeze()


@pytest.mark.parametrize(
    ("how", "code"), [("well", 0), ("exit", 9), ("interrupted", 130), ("aborted", 130), ("no room", 1)]
)
def test_the_exit_code_says_how_the_command_ended(tree, how, code):
    assert tree("end", how) == code


@pytest.mark.parametrize(("how", "error"), [("defect", ZeroDivisionError), ("file", OSError)])
def test_a_defect_is_not_dressed_up_as_the_users_mistake(tree, how, error):
    with pytest.raises(error):
        tree("end", how)


def test_garbage_is_collected_again_once_the_command_is_imported(tree):
    gc.disable()  # as the front door leaves it
    assert tree("end", "well") == 0
    assert gc.isenabled()


def without_the_front_door(*words):
    code = "import sys; from llmx.cli.app import open_tree; sys.exit(open_tree())"
    return subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--no-sandbox", "sh", "-c", "echo out; exit 7"], 7),
        (["--quiet", "sh", "-c", "echo out; exit 7"], 7),
        (["--nonsense", "--", "true"], 125),
        (["--no-sandbox", "--", "no-such-command-anywhere"], 127),
        ([], 125),
    ],
)
def test_exec_is_the_same_where_the_tree_is_what_runs_it(words, code):
    done = without_the_front_door("exec", *words)
    front = subprocess.run([sys.executable, "-m", "llmx", "exec", *words], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (front.returncode, front.stdout, front.stderr)
    assert done.returncode == code


def test_the_version_is_shown_whatever_stands_behind_it():
    words = [sys.executable, "-m", "llmx", "--version"]
    alone = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert alone.startswith("llmx ")
    assert subprocess.run([*words, "help"], check=True, capture_output=True, text=True).stdout == alone


@pytest.mark.parametrize("word", sorted(ALSO))
def test_a_word_that_is_no_chapter_opens_the_one_that_tells_of_it(tree, capsys, word):
    assert tree("help", word) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Coding agents")
    assert word.rstrip("s") in text
