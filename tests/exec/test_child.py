"""``exec/child.py``: commands through llm-exec from asynchronous code."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from llmx.errors import InconclusiveError
from llmx.exec.child import run_command

ROOT = Path(__file__).parents[2]
PLAIN = ("--no-sandbox",)


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_command_gets_its_stdin_and_folder_and_its_result_is_llm_execs(place):
    (place / "sub").mkdir()
    result = asyncio.run(run_command(["sh", "-c", "cat; pwd; exit 3"], PLAIN, cwd=str(place / "sub"), stdin=b"hello\n"))
    assert (result["status"], result["exit_code"]) == ("failed", 3)
    assert result["stdout"] == f"hello\n{place}/sub\n"


@pytest.mark.parametrize(
    ("argv", "options", "status"),
    [
        (["no-such-program"], (), "error"),
        (["sleep", "60"], ("--timeout", "0.2"), "timeout"),
        (["true"], ("--net", "none"), "ok"),
    ],
)
def test_how_it_ended_is_told_and_never_raised(argv, options, status):
    result = asyncio.run(run_command(argv, options))
    assert result["status"] == status


def test_what_llm_exec_refuses_is_a_result_too_and_nonsense_is_an_error():
    assert asyncio.run(run_command(["true"], ["--cwd", "nowhere"]))["setup_error"]["code"] == "cwd"
    with pytest.raises(InconclusiveError, match="gave no result"):
        asyncio.run(run_command(["true"], ["--schema", "--help"]))


def test_several_run_at_once(place):
    """Each waits for what the other writes: one after the other they would never end."""

    async def both():
        script = "touch {}; while [ ! -e {} ]; do sleep 0.05; done"
        pairs = [("a", "b"), ("b", "a")]
        return await asyncio.gather(*(run_command(["sh", "-c", script.format(*pair)], PLAIN) for pair in pairs))

    assert [each["status"] for each in asyncio.run(both())] == ["ok", "ok"]


def test_one_that_is_canceled_leaves_nothing_behind(place):
    async def canceled():
        task = asyncio.create_task(run_command(["sh", "-c", "echo $$ > pid; sleep 300; true"], PLAIN))
        while not (place / "pid").exists() or not (place / "pid").read_text():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(canceled())
    assert not psutil.pid_exists(int((place / "pid").read_text()))


def test_nothing_outlives_a_process_that_is_killed(place):
    code = (
        "import asyncio\nfrom llmx.exec.child import run_command\n"
        "asyncio.run(run_command(['sh', '-c', 'echo $$ > pid; sleep 300; true'], ['--no-sandbox']))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}) as running:
        while not (place / "pid").exists() or not (place / "pid").read_text():
            time.sleep(0.02)
        started = psutil.Process(int((place / "pid").read_text()))
        running.kill()
    _, alive = psutil.wait_procs([started], timeout=60)
    assert not alive


def test_what_we_are_made_of_is_not_what_the_command_sees():
    result = asyncio.run(run_command(["env"]))
    assert "PYTHONPATH" not in result["stdout"]
    assert json.dumps(result["argv"]) == '["env"]'
