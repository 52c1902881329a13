"""The client against its promises: ``python -m tests.benchmarks.llm`` (ratios of one run, medians).

First token: ``llmx generate`` at most 2.5 times a minimal script with httpx; a call on the mock at most 150 us; 10,000
chunks at least 60 % of the speed of httpx's own lines; 500 calls at once on a mock of 100 ms under 0.5 s.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time

import httpx

from llmx.core.client import LLMClient
from llmx.core.events import TextDelta
from llmx.core.llm_config import LLMConfig
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer, head, sse

ROUNDS = 9
CHUNKS = 10_000
MINIMAL = """
import json, sys, httpx
with httpx.stream("POST", sys.argv[1] + "/chat/completions", json={"model": "m", "stream": True}) as answer:
    for line in answer.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            print(json.loads(line[6:])["choices"][0]["delta"].get("content", ""), end="", flush=True)
            break
"""


def first_token(command, env):
    """Seconds until a process has printed something."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as running:
        assert running.stdout
        running.stdout.read(1)
        took = time.perf_counter() - started
        running.stdout.read()
    return took


def first_tokens(server):
    """The medians of the minimal script and of llmx."""
    server.answer([head(), recorded.chat(["Hello"], usage=False)])
    env = {**os.environ, "LLM_BACKEND": "openai", "LLM_MODEL": "m", "LLM_API_BASE": server.url, "LLM_API_KEY": "k" * 9}
    minimal, ours = [sys.executable, "-c", MINIMAL, server.url], [sys.executable, "-m", "llmx", "generate", "hi"]
    rounds = [(first_token(minimal, env), first_token(ours, env)) for _ in range(ROUNDS)]
    return (statistics.median(column) for column in zip(*rounds, strict=True))


async def mock_call():
    """CPU seconds of one call on the mock."""
    client = LLMClient(LLMConfig(backend="mock", enable_cache=False))
    await client.generate("hi")
    started = time.thread_time()
    for _ in range(1000):
        await client.generate("hi")
    return (time.thread_time() - started) / 1000


async def at_once():
    """Seconds of 500 calls on a mock of 100 ms."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as script:
        script.write('{"events": [{"delay": 0.1}, {"text": "x"}]}\n')
        script.flush()
        client = LLMClient(
            LLMConfig(backend="mock", enable_cache=False), env={**os.environ, "LLMX_MOCK_SCRIPT": script.name}
        )
        started = time.perf_counter()
        await asyncio.gather(*[client.generate("hi") for _ in range(500)])
        return time.perf_counter() - started


async def streams(server):
    """CPU seconds of this thread, not the server's, for 10,000 chunks, as httpx's lines and as events."""
    body = sse(*[recorded.chat_chunk({"content": "word "})] * CHUNKS, recorded.chat_chunk({}, "stop"), "[DONE]")
    server.answer([head(), body])
    lines, events = [], []
    for _ in range(ROUNDS):
        started = time.thread_time()
        async with httpx.AsyncClient() as client, client.stream("POST", server.url) as answer:
            assert len([line async for line in answer.aiter_lines()]) == 2 * (CHUNKS + 2)
        lines.append(time.thread_time() - started)
        started = time.thread_time()
        asked = LLMClient(LLMConfig("openai", "m", "k" * 9, server.url, enable_cache=False))
        found = [event async for event in asked.stream("hi") if isinstance(event, TextDelta)]
        assert len(found) == CHUNKS
        events.append(time.thread_time() - started)
    return statistics.median(lines), statistics.median(events)


def main():
    """Print each figure beside its limit."""
    with ModelServer() as server:
        minimal, ours = first_tokens(server)
        took = f"httpx {minimal * 1000:.0f} ms, llmx {ours * 1000:.0f} ms"
        print(f"first token  {took}: {ours / minimal:.2f} of 2.5 times")
        lines, events = asyncio.run(streams(server))
        took = f"lines {lines * 1000:.0f} ms, events {events * 1000:.0f} ms"
        print(f"10,000 chunks  {took}: {lines / events:.0%} of 60 %")
    print(f"a call on the mock  {asyncio.run(mock_call()) * 1e6:.0f} us of 150")
    print(f"500 calls at once  {asyncio.run(at_once()):.2f} s of 0.5")


if __name__ == "__main__":
    main()
