"""Workers with tiny models in them."""

import asyncio
from contextlib import asynccontextmanager, contextmanager

import pytest

from llmx.core.runner import Ask, Configuration, RunnerError
from llmx.core.runner.process import Worker
from tests.core.gguf.tiny import write_tiny

ENGINES = ("llama-cpp-python", "xllamacpp")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The path of a model that says printable ASCII and does not end by itself."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine in turn."""
    return request.param


def configuration(path, engine, **more):
    """One thread: with others on this machine, two are slower than one."""
    return Configuration(path, engine, **{"context": 2048, "threads": 1, **more})


@asynccontextmanager
async def running(path, engine, **more):
    """A worker that is ended with the block."""
    worker = await Worker.start(configuration(path, engine, **more))
    try:
        yield worker
    finally:
        await worker.close()


def with_worker(work, path, engine, **more):
    """What ``work(worker)`` returns, in an event loop of its own."""

    async def run():
        async with running(path, engine, **more) as worker:
            return await work(worker)

    return asyncio.run(run())


async def messages(worker, **ask):
    """All that a worker says to a question."""
    return [message async for message in worker.ask(Ask(**{"temperature": 0.0, **ask}))]


async def text(worker, **ask):
    """Only the text."""
    return "".join(message.get("text", "") for message in await messages(worker, **ask))


@contextmanager
def refused(kind, match):
    """An error of that kind, with its exit code."""
    with pytest.raises(RunnerError, match=match) as raised:
        yield raised
    assert raised.value.kind == kind
