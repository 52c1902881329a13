"""What every backend keeps to, whatever runs behind it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmx.core.backends import Backend, Health
from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import BackendError
from llmx.core.backends.http import HttpBackend
from llmx.core.backends.local import LocalBackend
from llmx.core.backends.mock import Mock
from llmx.core.backends.retries import Retries
from llmx.core.backends.wires import WIRES
from llmx.core.events import Done, TextDelta, ToolCallDelta, Usage
from llmx.core.messages import Message, Parameters, Request, Text, Tool, ToolCall, ToolResult, assistant, system, user
from llmx.core.plugins import load
from llmx.core.response import Response, gather
from llmx.core.settings.keys import defaults
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, Step, head
from tests.core.gguf.scripted import write_scripted
from tests.core.mlx.scripted import write_scripted as write_scripted_folder

CALLS = (ToolCall("", "add", '{"a": 1, "b": 2}'), ToolCall("", "now", "{}"))


class Kind(NamedTuple):
    """A backend behind a wire format, and what its server says to each kind of question."""

    endpoint: str
    kind: str
    text: Callable[..., bytes]
    cut: str
    call: Callable[[], bytes]
    models: Sequence[Step]
    vectors: Sequence[Step] | None


SSE, NDJSON = "text/event-stream", "application/x-ndjson"
KINDS = {
    "openai-chat": Kind("openai", SSE, recorded.chat, "length", recorded.chat_call, recorded.MODELS, recorded.VECTORS),
    "openai-responses": Kind(
        *("openai-responses", SSE, recorded.responses, "max_output_tokens", recorded.responses_call),
        *(recorded.MODELS, recorded.VECTORS),
    ),
    "anthropic": Kind("anthropic", SSE, recorded.messages, "max_tokens", recorded.messages_call, recorded.MODELS, None),
    "ollama": Kind(
        "ollama", NDJSON, recorded.ollama, "length", recorded.ollama_call, recorded.TAGS, recorded.OLLAMA_VECTORS
    ),
}


ENGINES = ("llama-cpp-python", "xllamacpp", "mlx")


class LocalSubject:
    """A backend that runs a real model, made to answer what is written into its weights."""

    is_served = False
    calls_written = (
        '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>',
        '\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>',
    )

    def __init__(self, engine: str, folder: Path) -> None:
        self.name, self.engine, self.folder = "mlx" if engine == "mlx" else "gguf", engine, folder

    def backend(self, *_script: Any) -> Backend:
        """The backend, whatever its next answer."""
        return self.runs("")

    def runs(self, path: str) -> Backend:
        """The backend with that model under every name."""
        engine = {"gguf.engine": self.engine} if self.name == "gguf" else {}
        backend = LocalBackend(self.name, {**defaults(), **engine, "gguf.threads": 1})
        backend.find = lambda _backend, _ref, _env: path
        return backend

    def says(self, *texts: str, cut: bool = False) -> Backend:
        """A backend that answers with these texts."""
        return self.runs(self.written("says.gguf", texts, ends=not cut, context=256))

    def calls(self) -> Backend:
        """A backend that wants tools called."""
        return self.runs(self.written("calls.gguf", self.calls_written, context=512))

    def written(self, name: str, texts: Sequence[str], **options: Any) -> str:
        """A model's file, or for mlx its folder."""
        write = write_scripted if self.name == "gguf" else write_scripted_folder
        return str(write(self.folder / name, texts, **options))

    def fails(self, _status: str) -> Backend:
        """A backend whose every answer is an error."""
        path = self.folder / "broken.gguf"
        if self.name == "mlx":
            path.mkdir(exist_ok=True)
            (path / "config.json").write_text("{")
        else:
            path.write_bytes(b"GGUF" + bytes(100))
        return self.runs(str(path))


class Subject:
    """A backend that is to be asked, and what it is made to answer."""

    def __init__(self, name: str, server: ModelServer) -> None:
        self.name, self.server = name, server
        self.is_served = name != "mock"

    def backend(self, script: Sequence[dict[str, Any]], answer: Sequence[Step]) -> Backend:
        """The backend, whose next answers are the script, or what the server says."""
        if self.name == "mock":
            return Mock(script)
        self.server.answer(answer)
        kind = KINDS[self.name]
        self.server.by_path = {"/api/show": recorded.SHOWN, "/embeddings": kind.vectors or [], "/api/embed": answer}
        for path in ("/models", "/v1/models", "/api/tags"):
            self.server.by_path[path] = kind.models
        endpoint = ENDPOINTS[kind.endpoint]._replace(base_url=self.server.url)
        return HttpBackend(endpoint, load(WIRES[endpoint.wire])(), "k" * 20, Retries(tries=1))

    def says(self, *texts: str, cut: bool = False) -> Backend:
        """A backend that answers with these texts."""
        reason = {"finish_reason": "length"} if cut else {}
        script = [{"events": [{"text": text} for text in texts], **reason}]
        if self.name == "mock":
            return self.backend(script, ())
        kind = KINDS[self.name]
        body = kind.text(list(texts), kind.cut) if cut else kind.text(list(texts))
        return self.backend(script, recorded.streamed(body, kind.kind))

    def calls(self) -> Backend:
        """A backend that wants tools called."""
        script = [{"events": [{"tool": "add", "arguments": {"a": 1, "b": 2}}, {"tool": "now"}]}]
        if self.name == "mock":
            return self.backend(script, ())
        return self.backend(script, recorded.streamed(KINDS[self.name].call(), KINDS[self.name].kind))

    def fails(self, status: str) -> Backend:
        """A backend whose every answer is an error."""
        return self.backend([{"error": "unavailable"}], [head("text/plain", status), b"it broke"])


@pytest.fixture(params=["mock", *KINDS, *ENGINES])
def subject(request, tmp_path, monkeypatch):
    monkeypatch.setenv("MLX_DISABLE_COMPILE", "1")  # kernels would be compiled with g++ on first use
    if request.param in ENGINES:
        yield LocalSubject(request.param, tmp_path)
        return
    with ModelServer() as server:
        yield Subject(request.param, server)


TOOLS = (Tool("add", "Add numbers.", {"type": "object", "properties": {"a": {"type": "integer"}}}),)
TURNS = (
    system("Be brief."),
    user("add 1 and 2"),
    Message("assistant", (Text("I shall."), ToolCall("call_a", "add", '{"a": 1, "b": 2}'))),
    Message("tool", (ToolResult("call_a", "3"),)),
    assistant("3"),
    user("thanks"),
)


def asked(**more: Any) -> Request:
    return Request("m-1", TURNS, **more)


def answer(backend: Backend, request: Request) -> Response:
    return asyncio.run(gather(backend.stream(request)))


def events(backend: Backend, request: Request) -> list[Any]:
    async def listed():
        return [event async for event in backend.stream(request)]

    return asyncio.run(listed())


@pytest.mark.promise("S3-01", "S3-15", "S4-35")
def test_an_answer_is_what_the_model_said_whole_and_in_order(subject):
    response = answer(subject.says(*recorded.TEXT), asked())
    assert response.content == recorded.ANSWER
    assert response.finish_reason == "stop"
    assert response.model == "m-1"
    assert response.tool_calls == ()
    assert isinstance(response.tokens_used, int)


@pytest.mark.promise("S3-30")
def test_the_text_comes_in_pieces_then_what_it_cost_then_the_end(subject):
    found = events(subject.says(*recorded.TEXT), asked())
    assert [event.text for event in found if isinstance(event, TextDelta)] == recorded.TEXT
    assert isinstance(found[-2], Usage)
    assert isinstance(found[-1], Done)
    assert not any(isinstance(event, Done) for event in found[:-1])


def test_an_answer_that_was_cut_for_its_length_says_so(subject):
    assert answer(subject.says("Hel", cut=True), asked()).finish_reason == "length"


def test_tool_calls_come_whole_with_their_arguments(subject):
    found = events(subject.calls(), asked(tools=TOOLS))
    calls = [event for event in found if isinstance(event, ToolCall)]
    assert [(call.name, call.arguments) for call in calls] == [(call.name, call.arguments) for call in CALLS]
    assert len({call.id for call in calls}) == 2
    assert all(call.id for call in calls)
    assert found[-1].finish_reason == "tool_calls"
    pieces = "".join(e.arguments for e in found if isinstance(e, ToolCallDelta) and e.position != 2)
    assert pieces.removesuffix("{}") in ("", CALLS[0].arguments)


def test_an_empty_answer_is_an_answer(subject):
    response = answer(subject.says(), asked())
    assert (response.content, response.finish_reason) == ("", "stop")


def test_a_failure_is_raised_as_a_backend_error_and_never_an_answer(subject):
    with pytest.raises(BackendError) as raised:
        answer(subject.fails("503 Service Unavailable"), asked())
    assert raised.value.exit_code == 3
    assert raised.value.backend == subject.backend([{}], []).name


def test_closing_the_stream_early_ends_it(subject):
    backend = subject.says(*recorded.TEXT)

    async def first():
        async with aclosing(backend.stream(asked())) as stream:
            return await anext(stream)

    assert asyncio.run(first()).text == recorded.TEXT[0]


def test_a_backend_can_be_asked_again_and_many_at_once(subject):
    backend = subject.says("yes")

    async def many():
        return await asyncio.gather(*[gather(backend.stream(asked())) for _ in range(5)])

    for _ in range(2):
        assert [response.content for response in asyncio.run(many())] == ["yes"] * 5


@pytest.mark.promise("S3-17")
def test_health_tells_and_never_raises(subject):
    backend = subject.says("yes")
    health = asyncio.run(backend.health())
    assert isinstance(health, Health)
    assert health.is_up
    assert health.reason
    assert health.models or not isinstance(subject, Subject)
    if subject.is_served:
        for path in ("/models", "/v1/models", "/api/tags"):
            subject.server.by_path[path] = [HANG]
        assert asyncio.run(backend.health(deadline=0.0)).status == "down"


def test_vectors_come_one_for_each_text_in_order(subject):
    backend = subject.backend([{"text": ""}], recorded.OLLAMA_VECTORS)
    if not backend.capabilities.embeddings:
        with pytest.raises(BackendError, match="no embeddings"):
            asyncio.run(backend.embed(["a", "b"], "m-1"))
        return
    vectors, usage = asyncio.run(backend.embed(["a", "b"], "m-1"))
    assert len(vectors) == 2
    assert vectors[0] != vectors[1]
    assert subject.name == "mock" or vectors == [[1.0, 0.5], [0.0, 1.0]]
    assert usage.completion_tokens == 0


@pytest.mark.promise("S3-06")
def test_a_temperature_of_zero_is_sent_and_what_is_unset_is_not(subject):
    answer(subject.says("x"), asked(parameters=Parameters(temperature=0.0, top_p=0.9)))
    if subject.is_served:
        body = subject.server.asked[-1].json
        sent = body.get("options", body)
        assert (sent["temperature"], sent["top_p"]) == (0.0, 0.9)
        assert not {"seed", "stop", "tools", "format", "response_format"} & (set(body) | set(sent))


@pytest.mark.parametrize("name", ["mock", *KINDS])
def test_only_the_mock_says_that_it_is_one(name):
    with ModelServer() as server:
        assert Subject(name, server).says("x").is_mock == (name == "mock")
