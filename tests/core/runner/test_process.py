"""A worker's death, whatever it dies of, is an error with its cause; and nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from llmx.core.gguf.engines.server import LEAST_CONTEXT
from llmx.core.gguf.memory import InsufficientMemoryError
from llmx.core.runner import Ask
from llmx.core.runner.deaths import death
from llmx.core.runner.opening import configuration_of, fitted
from llmx.core.runner.process import Worker
from llmx.core.runner.workers import Workers
from llmx.core.settings.keys import defaults
from llmx.errors import NotFoundError, UsageError
from tests.core.gguf.tiny import STRING, gguf, metadata, tiny_bytes, vocabulary, write_tiny
from tests.core.runner.conftest import configuration, messages, refused, running, text, with_worker

ENDLESS = Ask(prompt="x", max_tokens=1_000_000, temperature=0.0)


def has_ended(pid):
    """Whether no process of that number runs any more, a moment given to it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (signal.SIGSEGV, r"crashed \(SIGSEGV\)"),
        (signal.SIGABRT, r"inner check \(SIGABRT\)"),
        (signal.SIGBUS, r"cut or replaced while it was in use \(SIGBUS\)"),
        (signal.SIGKILL, "because memory ran out"),
        (signal.SIGILL, "another processor"),
        (signal.SIGTERM, "ended by SIGTERM"),
    ],
)
def test_a_death_in_the_middle_of_an_answer_is_told_with_its_cause(tmp_path, number, cause):
    model = write_tiny(tmp_path / "model.gguf", context=65_536)

    async def ask(worker):
        with refused("died", f"the process that ran model.gguf is gone: .*{cause}"):
            async for _ in worker.ask(ENDLESS):
                os.kill(worker.pid, number)
        assert not worker.is_alive
        with refused("died", cause):
            await messages(worker, prompt="x")

    with_worker(ask, model, "xllamacpp", context=65_536)


def test_the_last_lines_that_the_library_wrote_are_told():
    log = "\n".join(f"line {number}" for number in range(20)) + "\nGGML_ASSERT(n > 0) failed\n"
    error = death(signal.SIGABRT, "m.gguf", log)
    assert "line 19 | GGML_ASSERT(n > 0) failed" in str(error)
    assert "line 3" not in str(error)
    assert "exit code 3" in str(death(3 << 8, "m.gguf", ""))


def test_a_file_that_is_cut_while_it_is_in_use_ends_the_worker_only(engine, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", width=256, layers=4)

    async def ask(worker):
        os.truncate(model, 4096)
        with refused("died", "SIGBUS"):
            await messages(worker, prompt="hello", max_tokens=100)

    with_worker(ask, model, engine)
    with refused("load", "is not a sound GGUF file"):
        with_worker(ask, model, engine)


def test_a_cache_type_that_the_library_would_abort_for_is_refused(tiny):
    with refused("bad_request", "no cache type '999'"):
        asyncio.run(Worker.start(configuration(tiny, "llama-cpp-python", cache_type="999")))


def test_a_context_that_the_library_would_abort_for_is_refused_or_widened(tiny):
    with pytest.raises(UsageError, match="context of 1 tokens is too small"):
        configuration_of("gguf", tiny, defaults(), context=1)
    said = with_worker(lambda worker: text(worker, prompt="x", max_tokens=4), tiny, "xllamacpp", context=1)
    assert len(said) >= 4
    assert LEAST_CONTEXT > 1


@pytest.mark.promise("S4-26")
def test_a_context_larger_than_the_machine_is_refused_and_never_tried(tiny):
    with pytest.raises(InsufficientMemoryError, match=r"needs \d+ MB of memory, and \d+ MB are available"):
        fitted(configuration_of("gguf", tiny, defaults(), context=2_000_000_000))


def test_a_worker_that_was_closed_says_so(engine, tiny):
    async def close_first():
        worker = await Worker.start(configuration(tiny, engine))
        await worker.close()
        await worker.close()
        with refused("died", "unloaded"):
            await messages(worker, prompt="x")
        assert has_ended(worker.pid)

    asyncio.run(close_first())


def test_a_worker_that_is_closed_at_once_does_not_hang():
    """The library's own destructor does, in three of fifteen tries."""

    async def start_and_close(path):
        for _ in range(5):
            async with running(path, "xllamacpp"):
                pass

    folder = os.environ["HOME"]
    asyncio.run(asyncio.wait_for(start_and_close(write_tiny(f"{folder}/model.gguf", width=32, layers=1)), 60))


def test_an_answer_under_way_ends_when_the_worker_is_closed(engine, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", context=65_536)

    async def close_under_way():
        worker = await Worker.start(configuration(model, engine, context=65_536))
        with refused("died", "unloaded"):
            async for _ in worker.ask(ENDLESS):
                await worker.close()

    asyncio.run(close_under_way())


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "it has 0 bytes"),
        (b"hello " * 100, "is not a GGUF file"),
        (tiny_bytes(width=32, layers=1)[:40_000], "the file is cut"),
        (gguf(metadata(*vocabulary()), []), "cannot be loaded"),
        (gguf(metadata(*vocabulary()) | {"general.architecture": (STRING, "xlama")}, []), "cannot be loaded"),
    ],
    ids=["empty", "text", "cut", "no tensors", "unknown architecture"],
)
@pytest.mark.promise("S4-23", "S4-27")
def test_what_cannot_be_loaded_is_told_with_the_name_and_the_reason(engine, tmp_path, data, match):
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    with refused("load", match) as raised:
        asyncio.run(Worker.start(configuration(str(path), engine)))
    assert raised.value.exit_code == 3
    assert "model.gguf" in str(raised.value)
    assert raised.value.hint


def test_llama_cpps_own_reason_is_told(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(metadata(*vocabulary()) | {"general.architecture": (STRING, "xlama")}, []))
    with refused("load", "unknown model architecture: 'xlama'"):
        asyncio.run(Worker.start(configuration(str(path), "llama-cpp-python")))


def test_a_file_that_is_not_there_is_not_found(engine):
    with pytest.raises(NotFoundError, match=r"no file /nowhere/model\.gguf"):
        asyncio.run(Worker.start(configuration("/nowhere/model.gguf", engine)))


def test_the_next_request_gets_a_fresh_worker(tiny):
    async def die_and_ask():
        workers, pids = Workers(), []
        for _ in range(2):
            async with workers.borrowed(configuration(tiny, "xllamacpp"), 60.0) as worker:
                assert await text(worker, prompt="x", max_tokens=2)
                os.kill(worker.pid, signal.SIGKILL)
                pids.append(worker.pid)
                while worker.is_alive:
                    await asyncio.sleep(0.01)
        await workers.close()
        return pids

    first, second = asyncio.run(die_and_ask())
    assert first != second


PARENT = """
import asyncio, sys
from llmx.core.runner import Configuration
from llmx.core.runner.process import Worker

async def main():
    worker = await Worker.start(Configuration(sys.argv[1], "xllamacpp", 2048, threads=1))
    print(worker.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_who_started_it(tiny, number):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tiny], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(20)
    assert has_ended(worker)


def test_a_worker_sees_no_keys(tiny, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "x" * 30)

    async def ask(worker):
        with open(f"/proc/{worker.pid}/environ", "rb") as file:
            return file.read()

    environment = with_worker(ask, tiny, "xllamacpp")
    assert b"PATH=" in environment
    assert b"sk-xxx" not in environment


def test_code_in_the_current_folder_is_not_run(tiny, tmp_path, monkeypatch):
    (tmp_path / "llama_cpp.py").write_text("raise SystemExit('taken')")
    (tmp_path / "llmx.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    assert with_worker(lambda worker: text(worker, prompt="x", max_tokens=2), tiny, "llama-cpp-python")
