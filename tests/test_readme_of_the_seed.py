"""The first document's example of the library, with only its import changed."""

import asyncio
import textwrap

import pytest

import llmx
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer

EXAMPLE = """
from llmx import get_llm_client, LLMConfig

# Use environment config
client = get_llm_client()

# Or explicit config
config = LLMConfig(
    backend="ollama",
    model="qwen2.5:1.5b",
    temperature=0.7,
    max_tokens=512,
)
client = get_llm_client(config)

# Generate text
response = await client.generate(
    prompt="What are the benefits of gift economies?",
    system_prompt="You are a solarpunk AI assistant.",
)

print(response.content)
print(f"Tokens used: {response.tokens_used}")
print(f"Cached: {response.cached}")
"""


@pytest.fixture
def ollama(monkeypatch):
    """What speaks as Ollama does."""
    with ModelServer() as server:
        server.answer(recorded.streamed(recorded.ollama(["They ", "last."]), "application/x-ndjson"))
        server.by_path = {"/api/show": recorded.SHOWN}
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.mark.promise("S3-18", "S3-19")
def test_it_runs_as_it_stands(ollama, monkeypatch, capsys):
    monkeypatch.setenv("LLM_BACKEND", "mock")
    program: dict[str, object] = {}
    exec(f"async def main():\n{textwrap.indent(EXAMPLE, '    ')}", program)
    asyncio.run(program["main"]())  # type: ignore[operator]
    assert capsys.readouterr().out == "They last.\nTokens used: 12\nCached: False\n"
    body = ollama.asked[-1].json
    assert (body["model"], body["options"]["temperature"], body["options"]["num_predict"]) == ("qwen2.5:1.5b", 0.7, 512)
    assert [row["content"] for row in body["messages"]] == [
        "You are a solarpunk AI assistant.",
        "What are the benefits of gift economies?",
    ]


def test_the_same_is_at_hand_without_await(ollama, monkeypatch):
    response = llmx.get_llm_client(llmx.LLMConfig("ollama", "m")).generate_sync("hi")
    assert (response.content, response.backend) == ("They last.", "ollama")
