"""The model host: one process, warm models, many clients, and nothing left when any of them dies."""

import asyncio
import json
import os
import random
import signal
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest

from llmx.core.gguf.header import read_header
from llmx.core.gguf.memory import InsufficientMemoryError, need
from llmx.core.gguf.model_facts import facts_of
from llmx.core.process.headroom import Headroom
from llmx.core.runner import Ask, RunnerError
from llmx.core.runner.host_client import HostClient, HostGoneError
from llmx.core.runner.host_place import folder_of, socket_of
from llmx.core.runner.opening import configuration_of
from llmx.core.runner.workers import Workers
from llmx.core.settings.keys import defaults
from llmx.errors import InconclusiveError, PolicyError
from tests.core.gguf.tiny import write_tiny
from tests.core.runner.conftest import text
from tests.core.runner.test_process import has_ended

MANY = 50


def plain(path, **settings):
    """The configuration that a command asks for."""
    return configuration_of("gguf", path, {**defaults(), "gguf.threads": 1, **settings})


async def pid_of(_host):
    """The host's process."""
    reader, writer = await asyncio.open_unix_connection(socket_of())
    writer.write(b'{"op": "status"}\n')
    found = json.loads(await reader.readline())["pid"]
    writer.close()
    await writer.wait_closed()
    return found


@asynccontextmanager
async def hosting(**options):
    """A host that is ended with the block, and its process."""
    host = HostClient(**options)
    await host.start()
    pid = await pid_of(host)
    try:
        yield host, pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        assert await asyncio.to_thread(has_ended, pid)


async def said(host, configuration, **ask):
    """All that comes of a question."""
    question = Ask(**{"prompt": "hello", "temperature": 0.0, "max_tokens": 8, **ask})
    return [message async for message in host.ask(configuration, question, 60.0)]


@pytest.mark.promise("S4-05")
def test_a_model_is_loaded_once_for_all_and_another_configuration_by_itself(tiny):
    async def several():
        async with hosting() as (host, _):
            told = []
            facts = await host.load(plain(tiny), 60.0, lambda stage, _: told.append(stage))
            assert facts["context"] == 2048
            assert set(told) == {"Loading", "Initializing"}
            told.clear()
            await host.load(plain(tiny), 60.0, lambda stage, _: told.append(stage))
            assert told == []
            first = await said(host, plain(tiny), prompt="word " * 100)
            second = await said(HostClient(), plain(tiny), prompt="word " * 100)
            await said(host, plain(tiny, **{"gguf.context": 512}))
            return first, second, await host.status()

    first, second, rows = asyncio.run(several())
    assert first[:-2] == second[:-2]
    assert (first[-2]["usage"]["cached"], second[-2]["usage"]["cached"] > 200) == (0, True)
    assert sorted(row["context"] for row in rows) == [512, 2048]
    assert [row["active_sessions"] for row in rows] == [0, 0]


def test_a_file_that_was_replaced_is_not_taken_for_the_old_one(tmp_path):
    model = write_tiny(tmp_path / "model.gguf")

    async def replaced():
        async with hosting() as (host, _):
            before = await said(host, plain(model))
            write_tiny(tmp_path / "new.gguf", seed=7)
            os.replace(tmp_path / "new.gguf", model)
            return before, await said(host, plain(model))

    before, after = asyncio.run(replaced())
    assert before[:-2] != after[:-2]


def test_what_goes_wrong_is_told_and_the_host_lives(tiny, tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))

    async def wrong():
        async with hosting() as (host, pid):
            with pytest.raises(RunnerError, match="version 0"):
                await host.load(plain(str(tmp_path / "broken.gguf")), 60.0)
            with pytest.raises(RunnerError, match="has room for 2048"):
                await said(host, plain(tiny), prompt="word " * 3000)
            for line in (b"hello\n", b"{}\n", b'{"op": "dance"}\n', b'{"op": "load"}\n', b"", b"[1]\n", b"\xff\n"):
                reader, writer = await asyncio.open_unix_connection(socket_of())
                writer.write(line)
                writer.write_eof()
                await reader.read()
                writer.close()
                await writer.wait_closed()
            assert await said(host, plain(tiny))
            assert await pid_of(host) == pid

    asyncio.run(wrong())


def test_the_folder_is_its_users_alone(home):
    folder = folder_of()
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert folder.startswith(str(home))
    os.chmod(folder, 0o755)
    assert os.stat(folder_of()).st_mode & 0o777 == 0o700
    os.rename(folder, f"{folder}-elsewhere")
    os.symlink(f"{folder}-elsewhere", folder)
    with pytest.raises(PolicyError, match="not yours alone"):
        socket_of()
    deep = {"HOME": str(home), "XDG_STATE_HOME": f"{home}/{'x' * 100}"}
    assert len(socket_of(deep)) < 108
    os.rmdir(folder_of(deep))


def test_where_its_folder_cannot_be_made_there_is_no_host(home):
    (home / ".local").write_text("in the way")
    assert not asyncio.run(HostClient().is_there())


def test_a_model_is_kept_as_long_as_was_said_and_the_host_as_long_as_there_is_one(tiny):
    async def idle():
        async with hosting(stays_s=0.3) as (host, pid):
            await host.load(plain(tiny), 0.2)
            assert len(await host.status()) <= 1
            assert await asyncio.to_thread(has_ended, pid)
            assert not await host.is_there()
            assert await host.status() == []
            await host.start()
            again = await pid_of(host)
            assert await asyncio.to_thread(has_ended, again)

    asyncio.run(idle())


def test_a_model_is_unloaded_when_asked(tiny):
    async def unloaded():
        async with hosting() as (host, _):
            await host.load(plain(tiny), 60.0)
            assert await host.unload("/another.gguf") == []
            assert await host.unload(tiny) == [tiny]
            assert await host.unload() == []
            return await host.status()

    assert asyncio.run(unloaded()) == []


def test_a_killed_host_takes_its_models_along_and_the_next_one_starts(tiny):
    async def killed():
        async with hosting() as (host, pid):
            await host.load(plain(tiny), 60.0)
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                workers = [int(word) for word in file.read().split()]
            os.kill(pid, signal.SIGKILL)
            assert await asyncio.to_thread(has_ended, pid)
        assert len(workers) == 1
        assert await asyncio.to_thread(has_ended, workers[0])
        with pytest.raises(HostGoneError):
            await said(HostClient(), plain(tiny))
        async with hosting() as (host, _):
            assert await said(host, plain(tiny))

    asyncio.run(killed())


def test_many_start_one_host(tiny):
    async def started():
        hosts = [HostClient() for _ in range(4)]
        await asyncio.gather(*[host.start() for host in hosts])
        async with hosting() as (_, pid):
            return {await pid_of(host) for host in hosts}, pid

    found, pid = asyncio.run(started())
    assert found == {pid}


def test_many_clients_at_once_with_kills_get_an_answer_or_an_error_each(tiny):
    drawn = random.Random(3)

    async def client(host, number):
        """What came of it: an answer, an error, or nothing as it was not waited for."""
        ask = Ask(prompt=f"{number} hello", temperature=0.0, max_tokens=drawn.choice((4, 40, 150)))
        try:
            async with aclosing(host.ask(plain(tiny), ask, 60.0)) as messages:
                async for message in messages:
                    if number % 5 == 0:
                        return "left"
                    if "end" in message:
                        return message["end"]
        except RunnerError as error:
            return error.kind
        return "nothing"

    async def killer(pid):
        for _ in range(3):
            await asyncio.sleep(0.2)
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                for word in file.read().split():
                    os.kill(int(word), signal.SIGKILL)

    async def storm():
        async with hosting() as (host, pid):
            await host.load(plain(tiny), 60.0)
            killing = asyncio.create_task(killer(pid))
            found = await asyncio.gather(*[client(host, number) for number in range(MANY)])
            await killing
            after = await said(host, plain(tiny))
            assert await pid_of(host) == pid
            while any(row["active_sessions"] for row in await host.status()):
                await asyncio.sleep(0.05)
            return found, after

    found, after = asyncio.run(asyncio.wait_for(storm(), 100))
    assert len(found) == MANY
    assert set(found) <= {"length", "left", "died"}
    assert after[-1] == {"end": "length"}


@pytest.mark.parametrize("engine", ["llama-cpp-python", "xllamacpp"])
def test_a_client_is_answered_while_another_one_is_being_answered(engine, tmp_path):
    model = write_tiny(tmp_path / "model.gguf", width=256, layers=4, context=65_536)
    asked = plain(model, **{"gguf.context": 65_536, "gguf.engine": engine})

    async def both():
        async with hosting() as (host, _):
            endless = Ask(prompt="x", max_tokens=40_000, temperature=0.0)
            async with aclosing(host.ask(asked, endless, 60.0)) as long:
                await anext(long)
                short = await said(HostClient(), asked)
                (row,) = await host.status()
                return short[-1], row["active_sessions"], await anext(long)

    end, active, more = asyncio.run(both())
    assert end == {"end": "length"}
    assert active == 1
    assert "text" in more


def test_where_memory_is_short_the_one_not_used_for_longest_makes_place(tiny, tmp_path, monkeypatch):
    other = write_tiny(tmp_path / "other.gguf", seed=2)
    facts = facts_of(read_header(tiny))
    room = need(facts, 2048, parallel=4).total + 1
    living: list[Any] = []
    monkeypatch.setattr(
        "llmx.core.runner.opening.headroom", lambda: Headroom(0 if len(living) else room, "a small machine")
    )
    monkeypatch.setattr("llmx.core.runner.workers.Workers.end", _counted(Workers.end, living))

    async def pressed():
        workers = Workers()
        async with workers.borrowed(plain(tiny), 60.0) as first:
            living.append(first)
            with pytest.raises(InsufficientMemoryError, match="a small machine"):
                async with workers.borrowed(plain(other), 60.0):
                    raise AssertionError("there is no room for a second")
        async with workers.borrowed(plain(other), 60.0) as second:
            assert not first.is_alive
            assert await text(second, prompt="x", max_tokens=2)
        await workers.close()

    asyncio.run(pressed())


def test_what_does_not_fit_at_all_takes_no_place_from_others(tiny):
    async def refused():
        async with hosting() as (host, _):
            await host.load(plain(tiny), 60.0)
            with pytest.raises(InconclusiveError, match=r"needs \d+ MB of memory"):
                await host.load(plain(tiny, **{"gguf.context": 2_000_000_000}), 60.0)
            return [row["context"] for row in await host.status()]

    assert asyncio.run(refused()) == [2048]


def _counted(end, living):
    async def counted(self, configuration):
        kept = self.kept.get(configuration)
        await end(self, configuration)
        if kept and kept.worker in living:
            living.remove(kept.worker)

    return counted
