"""What only Ollama needs: a context that is never too small for the prompt."""

import asyncio

import pytest

from llmx.core.backends.errors import ContextOverflowError, ModelNotFoundError, UnavailableError
from llmx.core.client import get_llm_client
from llmx.core.llm_config import LLMConfig
from llmx.core.messages import assistant, system, user
from tests.core.backends import recorded
from tests.core.backends.asking import ask, free_port
from tests.core.backends.server import head, ndjson, whole


class TestOllamaNeverCutsAPrompt:
    def sizes(self, server, prompt, shown=recorded.SHOWN, **parameters):
        server.answer([head("application/x-ndjson"), recorded.ollama(["x"])])
        server.by_path["/api/show"] = shown
        ask(server.url, name="ollama", prompt=prompt, **parameters)
        return server.asked[-1].json["options"]["num_ctx"]

    @pytest.mark.parametrize(
        ("length", "answer", "context"), [(10, 512, 4096), (4000, 512, 8192), (10, 20_000, 32768), (9000, None, 16384)]
    )
    def test_the_context_is_large_enough_for_prompt_and_answer(self, server, length, answer, context):
        assert self.sizes(server, "x" * length, max_tokens=answer) == context

    def test_a_prompt_that_may_not_fit_is_refused_with_the_numbers_and_not_sent(self, server):
        with pytest.raises(ContextOverflowError, match=r"may have 40016 tokens and the answer 512.*context is 32768"):
            self.sizes(server, "x" * 40_000, max_tokens=512)
        assert [asked.path for asked in server.asked] == ["/api/show"]

    def test_a_model_that_is_not_there_is_told_before_anything_is_sent(self, server):
        with pytest.raises(ModelNotFoundError) as raised:
            self.sizes(server, "hi", shown=whole({"error": "model 'm-1' not found"}, "404 Not Found"))
        assert raised.value.hint == "ollama pull m-1"
        assert raised.value.exit_code == 4

    def test_a_small_model_is_not_asked_for_more_than_it_has(self, server):
        assert self.sizes(server, "hi", whole({"model_info": {"llama.context_length": 2048}}), max_tokens=64) == 2048


@pytest.mark.promise("S3-09")
def test_roles_and_the_system_prompt_are_messages_and_tokens_are_told(server, monkeypatch):
    server.answer([head("application/x-ndjson"), recorded.ollama(["x"])])
    server.by_path["/api/show"] = recorded.SHOWN
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    turns = [system("Be brief."), user("a"), assistant("b"), user("c")]
    response = asyncio.run(get_llm_client(LLMConfig("ollama", "m-1")).chat(turns))
    assert [(row["role"], row["content"]) for row in server.asked[-1].json["messages"]] == [
        *(("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "c")),
    ]
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (7, 5)


PLAIN = whole({"template": "{{ .Prompt }}", "model_info": {"llama.context_length": 8192}})


def completion(*texts):
    """The lines of Ollama's completion."""
    last = {"response": "", "done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5}
    return ndjson(*[{"model": "m-1", "response": text, "done": False} for text in texts], {"model": "m-1", **last})


@pytest.mark.promise("S3-09")
def test_a_model_without_a_template_goes_on_with_the_text_as_it_is(server, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.by_path = {"/api/show": PLAIN}
    server.answer([head("application/x-ndjson"), completion("upon ", "a time")])
    client = get_llm_client(LLMConfig("ollama", "m-1", temperature=0.0))
    response = asyncio.run(client.generate("Once "))
    assert (server.asked[-1].path, response.content, response.tokens_used) == ("/api/generate", "upon a time", 12)
    body = server.asked[-1].json
    assert (body["prompt"], body["raw"], body["options"]["temperature"]) == ("Once ", True, 0.0)
    assert "messages" not in body


@pytest.mark.parametrize(
    ("turns", "shown"),
    [
        ([system("Be brief."), user("a")], PLAIN),
        ([user("a"), assistant("b"), user("c")], PLAIN),
        ([user("a")], recorded.SHOWN),
        ([user("a")], whole({"template": "<|user|>{{ .Prompt }}<|end|>", "model_info": {}})),
    ],
)
def test_turns_and_models_with_a_template_are_chats(server, monkeypatch, turns, shown):
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.by_path = {"/api/show": shown}
    server.answer([head("application/x-ndjson"), recorded.ollama(["x"])])
    asyncio.run(get_llm_client(LLMConfig("ollama", "m-1")).chat(turns))
    assert server.asked[-1].path == "/api/chat"
    assert len(server.asked[-1].json["messages"]) == len(turns)


@pytest.mark.promise("S3-09")
def test_where_it_is_down_the_way_to_start_it_is_told():
    with pytest.raises(UnavailableError) as raised:
        ask(f"http://127.0.0.1:{free_port()}", name="ollama")
    assert "ollama serve" in str(raised.value.hint)
