"""Tool calls through real engines, as each family of models writes them: with tokens of their own for the marks."""

import asyncio
import json

import pytest

from llmx.core.backends.local import LocalBackend
from llmx.core.messages import Parameters, Request, Tool, user
from llmx.core.response import gather
from llmx.core.settings.keys import defaults
from tests.core.gguf.scripted import write_scripted
from tests.core.mlx.scripted import write_scripted as write_scripted_folder

ARGUMENTS = '{"city": "Rome"}'
CALL = f'{{"name": "get_weather", "arguments": {ARGUMENTS}}}'
FAMILIES = {
    "hermes": (["<tool_call>", f"\n{CALL}\n", "</tool_call>"], ("<tool_call>", "</tool_call>")),
    "qwen coder": (
        [
            "<tool_call>",
            "\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n",
            "</tool_call>",
        ],
        ("<tool_call>", "</tool_call>"),
    ),
    "llama 3": (["<|python_tag|>", CALL.replace("arguments", "parameters")], ("<|python_tag|>",)),
    "mistral": (["[TOOL_CALLS]", f" [{CALL}]"], ("[TOOL_CALLS]",)),
    "mistral, newer": (["[TOOL_CALLS]", "get_weather", "[ARGS]", ARGUMENTS], ("[TOOL_CALLS]", "[ARGS]")),
    "raw JSON": ([CALL[:9], CALL[9:]], ()),
}
TOOL = Tool("get_weather", "Tell the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def answer(engine, path, tools):
    settings = {**defaults(), "gguf.threads": 1, **({"gguf.engine": engine} if engine != "mlx" else {})}
    backend = LocalBackend("mlx" if engine == "mlx" else "gguf", settings)
    backend.find = lambda _backend, _ref, _env: str(path)
    request = Request("m", (user("hello"),), tools, parameters=Parameters(temperature=0.0, max_tokens=64))
    return asyncio.run(gather(backend.stream(request)))


ALL = [(engine, family) for engine in ("llama-cpp-python", "xllamacpp") for family in FAMILIES]


@pytest.mark.parametrize(("engine", "family"), [*ALL, ("mlx", "mistral, newer")])
def test_a_call_in_special_tokens_is_found_by_every_engine(engine, family, tmp_path, monkeypatch):
    monkeypatch.setenv("MLX_DISABLE_COMPILE", "1")
    pieces, controls = FAMILIES[family]
    write = write_scripted_folder if engine == "mlx" else write_scripted
    path = write(tmp_path / "model.gguf", pieces, controls=controls, context=2048)
    found = answer(engine, path, (TOOL,))
    assert [(call.name, json.loads(call.arguments)) for call in found.tool_calls] == [("get_weather", {"city": "Rome"})]
    assert (found.content, found.finish_reason) == ("", "tool_calls")
