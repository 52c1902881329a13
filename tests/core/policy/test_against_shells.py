"""What is allowed is run by real shells: a line that gets past the rules must not run what they deny."""

import random
import shutil
import subprocess

import pytest

from llmx.core.policy.rules import Rules, decide
from llmx.exec.rules import command_of

PIECES = (
    *("git push", "git", " push", "git\\\n push", "; git push", " ", ";", "&&", "||", "|", "&", "\n", "\t", "\r"),
    *(
        "(",
        ")",
        "((",
        "))",
        "$(",
        "`",
        "'",
        '"',
        "\\",
        "$",
        "{ ",
        "}",
        "[[ ",
        " ]]",
        "[[ -f x",
        "#",
        " #",
        "=",
        "*",
        "?",
    ),
    *("<<E\n", "\nE\n", "<<'E'\n", "<<-E\n", "<(", ">", "&>", "2>&1", "<<<", "<", "x", "true ", "if ", "then ", " fi"),
    *("for i in 1; ", "do ", " done", "case x in x) ", "esac", ";;", "! ", "time ", "time -p ", "eval ", "exec "),
    *("command ", "env ", "nohup ", "$x", "${x:-", "$((", "1+1", "$'", "\\'", "x=git", "x=1 ", "{a,b}", "f()", "echo "),
    *("sh -c ", "function f ", "coproc ", "coproc n ", "trap ", "EXIT", "alias ", "-", "--", "-o "),
)
LINES = 250


@pytest.fixture
def marked(tmp_path):
    """A folder for PATH with a git that leaves a mark when it is to push; returns it with the mark."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\n[ "$1" = push ] && : > {tmp_path}/pushed\nexit 0\n')
    (tmp_path / "bin/git").chmod(0o755)
    for name in ("sh", "env", "nohup"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    (tmp_path / "work").mkdir()
    return tmp_path / "bin", tmp_path / "pushed"


def lines(shell):
    """Lines of random pieces around a push, always the same."""
    dice = random.Random(f"{shell} 1")
    while True:
        pieces = [dice.choice(PIECES) for _ in range(dice.randint(1, 8))]
        pieces.insert(dice.randrange(len(pieces) + 1), "git push")
        yield "".join(pieces)


def is_allowed(words):
    rules = Rules(deny=["git push"])
    return decide(words, rules, unwrap_self=command_of, is_planted=lambda name: False).verdict == "allow"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_no_allowed_line_runs_what_is_denied(marked, shell):
    program, (folder, pushed) = shutil.which(shell), marked
    assert program, f"{shell} is not installed"
    allowed = (line for line in lines(shell) if is_allowed([shell, "-c", line]))
    for _ in range(LINES):
        line = next(allowed)
        subprocess.run(
            [program, "-c", line],
            env={"PATH": str(folder)},
            cwd=folder.parent / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert not pushed.exists(), line


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_mark_would_be_seen(marked, shell):
    folder, pushed = marked
    subprocess.run([shutil.which(shell), "-c", "git push"], env={"PATH": str(folder)}, cwd=folder, check=True)
    assert pushed.exists()
