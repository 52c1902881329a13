"""Answers in the shapes that real servers give: the same small conversation in each wire format."""

from typing import Any

from tests.core.backends.server import Step, head, ndjson, sse, whole

TEXT = ["Grüße, ", "Welt 🌍"]
ANSWER = "".join(TEXT)


def chat_chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk of a chat completion."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [choice], **more}


CHAT_USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "completion_tokens_details": {"reasoning_tokens": 2},
    "prompt_tokens_details": {"cached_tokens": 3},
}


def chat(texts: list[str], reason: str = "stop", usage: bool = True) -> bytes:
    """The events of a chat completion."""
    last = {"id": "c1", "model": "m-1", "choices": [], "usage": CHAT_USAGE}
    return sse(
        chat_chunk({"role": "assistant", "content": ""}),
        *[chat_chunk({"content": text}) for text in texts],
        chat_chunk({}, reason),
        *([last] if usage else []),
        "[DONE]",
    )


def chat_call() -> bytes:
    """A chat completion that calls two tools, the first in pieces."""
    one = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "add", "arguments": ""}}
    two = {"index": 1, "id": "call_b", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    return sse(
        chat_chunk({"role": "assistant", "content": None, "tool_calls": [one]}),
        chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1,'}}]}),
        chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": ' "b": 2}'}}]}),
        chat_chunk({"tool_calls": [two]}),
        chat_chunk({}, "tool_calls"),
        "[DONE]",
    )


def messages(texts: list[str], reason: str = "end_turn") -> bytes:
    """The events of Anthropic's messages."""
    usage = {"input_tokens": 4, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 1}
    started = {"id": "m1", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": usage}
    return sse(
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in texts],
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
        event=True,
    )


def messages_call(name: str = "add") -> bytes:
    """Anthropic's messages that call two tools, behind a thought."""
    pieces = ['{"a": 1,', ' "b": 2}']
    block = {"type": "tool_use", "id": "call_a", "name": name, "input": {}}
    other = {"type": "tool_use", "id": "call_b", "name": "now", "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    second = [] if name == "answer" else [{"type": "content_block_start", "index": 2, "content_block": other}]
    return sse(
        {"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 4}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig=="}},
        {"type": "content_block_start", "index": 1, "content_block": block},
        *[{"type": "content_block_delta", "index": 1, "delta": delta} for delta in deltas],
        *second,
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
        event=True,
    )


def ollama(texts: list[str], reason: str = "stop") -> bytes:
    """The lines of Ollama's chat."""
    told = {"model": "m-1", "created_at": "2026-01-01T00:00:00Z"}
    last = {"done": True, "done_reason": reason, "prompt_eval_count": 7, "eval_count": 5, "total_duration": 9}
    return ndjson(
        *[{**told, "message": {"role": "assistant", "content": text}, "done": False} for text in texts],
        {**told, "message": {"role": "assistant", "content": ""}, **last},
    )


def ollama_call() -> bytes:
    """Ollama's chat that calls two tools."""
    calls = [
        {"function": {"name": "add", "arguments": {"a": 1, "b": 2}}},
        {"function": {"name": "now", "arguments": {}}},
    ]
    return ndjson(
        {"model": "m-1", "message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False},
        {"model": "m-1", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"},
    )


RESPONSES_USAGE = {
    "input_tokens": 7,
    "output_tokens": 5,
    "total_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 2},
    "input_tokens_details": {"cached_tokens": 3},
}


def responses(texts: list[str], reason: str = "") -> bytes:
    """The events of OpenAI's responses."""
    state = {"status": "incomplete", "incomplete_details": {"reason": reason}} if reason else {"status": "completed"}
    ended = {"id": "r1", "model": "m-1", "usage": RESPONSES_USAGE, **state}
    item = {"type": "message", "content": [{"type": "output_text", "text": "".join(texts)}]}
    return sse(
        {"type": "response.created", "response": {"id": "r1"}},
        *[{"type": "response.output_text.delta", "output_index": 0, "delta": text} for text in texts],
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.incomplete" if reason else "response.completed", "response": ended},
        event=True,
    )


def responses_call() -> bytes:
    """OpenAI's responses that call two tools."""
    one = {"type": "function_call", "call_id": "call_a", "name": "add", "arguments": '{"a": 1, "b": 2}'}
    two = {"type": "function_call", "call_id": "call_b", "name": "now", "arguments": "{}"}
    return sse(
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"a": 1, "b": 2}'},
        {"type": "response.output_item.done", "output_index": 0, "item": one},
        {"type": "response.output_item.done", "output_index": 1, "item": two},
        {"type": "response.completed", "response": {"status": "completed", "model": "m-1"}},
        event=True,
    )


def streamed(body: bytes, kind: str = "text/event-stream") -> list[Step]:
    """A whole stream."""
    return [head(kind), body]


MODELS = whole({"object": "list", "data": [{"id": "m-1", "object": "model"}, {"id": "m-2", "object": "model"}]})
TAGS = whole({"models": [{"name": "m-1", "size": 5}, {"name": "m-2", "size": 6}]})
SHOWN = whole({"model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768}})
VECTORS = whole({"data": [{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.5]}]})
OLLAMA_VECTORS = whole({"embeddings": [[1.0, 0.5], [0.0, 1.0]]})
