"""``core/process/bounded.py``: whatever a function does to itself, its caller gets an answer or a reason, in time."""

import asyncio
import os
import socket
import time

import psutil
import pytest

from llmx.core.process.bounded import Bounds, BoundsError, call, call_async
from llmx.core.sandbox.probe import landlock_abi

HERE = "tests.core.process.bounded_targets:"


@pytest.fixture
def data(tmp_path):
    (tmp_path / "input").write_text("what it says")
    with (tmp_path / "input").open("rb") as file:
        yield file.fileno()


def test_a_function_answers_about_its_input(data):
    assert call(f"{HERE}echo", {"a": [1, "é"]}, data) == [{"a": [1, "é"]}, "what it says"]
    assert call(f"{HERE}talk", 3_000_000, data) == "x" * 3_000_000


@pytest.mark.parametrize(
    ("name", "bounds", "why"),
    [
        ("eat", Bounds(memory=1 << 30), "memory"),
        ("spin", Bounds(seconds=1), "time"),
        ("crash", Bounds(), "crash"),
        ("talk", Bounds(answer=1000), "answer"),
        ("nothing", Bounds(), "crash"),
    ],
)
def test_what_goes_wrong_has_a_reason_and_leaves_no_process(data, name, bounds, why):
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(BoundsError) as ended:
        call(HERE + name, 10_000, data, bounds)
    assert ended.value.why == why
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock, which is what shuts the process in")
def test_nothing_but_the_input_can_be_reached(data, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    (tmp_path / "secret").write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert call(f"{HERE}reach", [str(tmp_path / "secret"), server.getsockname()[1]], data) == []
    assert sorted(os.listdir(tmp_path)) == ["input", "secret"]


def test_canceled_work_ends_its_process(data):
    async def cancel():
        task = asyncio.create_task(call_async(f"{HERE}spin", None, data, Bounds(seconds=60)))
        while not psutil.Process().children():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = time.monotonic()
    asyncio.run(cancel())
    assert time.monotonic() - started < 55
    assert not psutil.Process().children()
