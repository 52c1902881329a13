"""What the output's encoding does not have is written in escapes, a closed stream is empty: neither ends a command."""

import json
import os
import subprocess
import sys

import pytest

from llmx.core.audit import AuditLog, new_run_id

WORDS = ["echo", "\u00fc \u4f60 \U0001f600 \udcff"]


@pytest.fixture
def run_id(home):
    """A run whose command line holds much that ASCII does not."""
    run_id = new_run_id(1_700_000_000.0)
    log = AuditLog(os.environ)
    log.write("start", run_id, argv=WORDS, cwd="/\u00fc", kind="command", pid=1, user=os.getuid())
    log.write("end", run_id, status="ok", exit_code=0, duration_s=1.0)
    return run_id


def llmx(*words, encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-m", "llmx", *words],
        check=False,
        capture_output=True,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "ascii:strict"])
@pytest.mark.parametrize("words", [["show"], ["list"]], ids=" ".join)
def test_text_is_shown_whatever_the_encoding(run_id, words, encoding):
    done = llmx("runs", *words, *([run_id] if words == ["show"] else []), encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"echo" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_json_and_says_the_same(run_id, encoding):
    done = llmx("runs", "show", run_id, "--output", "json", encoding=encoding)
    assert json.loads(done.stdout.decode(encoding))["argv"] == WORDS


def test_an_error_with_such_a_name_is_told(home):
    done = llmx("runs", "show", "\u4f60", "--output", "json", encoding="ascii")
    assert done.returncode == 4
    assert "\u4f60" in json.loads(done.stdout)["error"]["message"]
    assert b"\\u4f60" in done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("generate --backend mock hi >&-", 0),
        ("generate --backend mock hi 2>&-", 0),
        ("generate --backend mock - <&-", 0),
        ("chat --backend mock >&- <&-", 0),
        ("chat --backend mock <&-", 0),
        ("runs list >&- 2>&-", 0),
        ("keys add groq <&-", 2),
        ("keys list <&- >&- 2>&-", 0),
    ],
)
def test_a_stream_that_the_caller_has_closed_is_an_empty_one(home, line, code):
    command = ["sh", "-c", f'"$0" -m llmx {line}', sys.executable]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr


def test_no_file_of_ours_gets_the_number_of_a_closed_stream(home):
    line = '"$0" -m llmx generate --backend mock hi <&- >&- 2>&-; echo "$?"'
    done = subprocess.run(["sh", "-c", line, sys.executable], check=True, capture_output=True, text=True)
    assert done.stdout == "0\n"
    ledger = home / ".local/state/llmx/usage.db"
    assert ledger.read_bytes().startswith(b"SQLite format 3\0")
