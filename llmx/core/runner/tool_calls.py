"""Find the tool calls in what a model writes: every family of models has its own way to write them."""

import json
import re
from collections.abc import Collection, Iterator
from secrets import token_hex
from typing import Any, NamedTuple

MARKS = ("<tool_call>", "<|python_tag|>", "[TOOL_CALLS]", "<function=")
"""What stands before a call: Hermes and Qwen; Llama 3; Mistral; Llama 3's own functions and Qwen's coders."""
SPECIALS = (*MARKS, "</tool_call>", "[ARGS]", "[CALL_ID]", "<|eom_id|>")
"""Those of them that may be special tokens, which are not written as text unless asked for."""

_HERMES = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)
_FUNCTION = re.compile(r"<function=([\w.-]+)>\s*(.*?)\s*(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
_MISTRAL = re.compile(r"(?:\[TOOL_CALLS\])?\s*([\w.-]+)\s*(?:\[CALL_ID\][\w-]*)?\[ARGS\]\s*", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*(?:```\s*)?\Z", re.DOTALL)


class Call(NamedTuple):
    """A tool, and its arguments as JSON text."""

    name: str
    arguments: str

    def as_dict(self) -> dict[str, str]:
        """With an id of its own."""
        return {"id": f"call_{token_hex(6)}", **self._asdict()}


def parse_calls(text: str, tools: Collection[str]) -> tuple[list[Call], str]:
    """The calls in what begins with a mark, or is JSON and names one of the ``tools``; and the text that is no call."""
    if "<tool_call>" in text:
        found = [call for body in _HERMES.findall(text) for call in _body(body)]
        rest = _HERMES.sub("", text)
    elif "<function=" in text:
        found, rest = list(_functions(text)), _FUNCTION.sub("", text)
    elif "[ARGS]" in text:
        found, rest = list(_mistral(text)), ""
    else:
        bare = text.strip().removeprefix("<|python_tag|>").removeprefix("[TOOL_CALLS]").removesuffix("<|eom_id|>")
        found, rest = list(_json_calls(bare)), ""
        if bare == text.strip() and any(call.name not in tools for call in found):
            return [], text  # JSON that nothing marks as a call may be an answer
    return (found, rest.strip()) if found else ([], text)


def looks_like_call(text: str) -> bool:
    """Whether an answer that begins so may be a call in plain JSON."""
    return text.lstrip()[:1] in ("{", "[") or "```json".startswith(text.lstrip()[:7] or " ")


def _body(body: str) -> Iterator[Call]:
    yield from _functions(body) if "<function=" in body else _json_calls(body)


def _functions(text: str) -> Iterator[Call]:
    for name, body in _FUNCTION.findall(text):
        found = _PARAMETER.findall(body)
        if found or not body:
            yield Call(name, json.dumps({key: _value(value) for key, value in found}, ensure_ascii=False))
        elif isinstance(value := _loaded(body), dict):
            yield Call(name, json.dumps(value, ensure_ascii=False))


def _mistral(text: str) -> Iterator[Call]:
    decoder = json.JSONDecoder()
    for named in _MISTRAL.finditer(text):
        try:
            value, _ = decoder.raw_decode(text, named.end())
        except ValueError:
            continue
        yield Call(named[1], json.dumps(value, ensure_ascii=False))


def _json_calls(text: str) -> Iterator[Call]:
    """An object, a list of them, or several behind each other with ``;`` or a new line between."""
    fenced = _FENCE.match(text)
    text = fenced[1] if fenced else text.strip()
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        for each in value if isinstance(value, list) else [value]:
            yield from _call(each)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n;,"))


def _call(value: Any) -> Iterator[Call]:  # noqa: ANN401  # JSON
    if not isinstance(value, dict):
        return
    inner = value.get("function")
    value = inner if isinstance(inner, dict) else value
    name = value.get("name", inner)
    arguments: Any = next((value[key] for key in ("arguments", "parameters", "args") if key in value), {})
    if isinstance(arguments, str):
        arguments = _loaded(arguments)
    if isinstance(name, str) and isinstance(arguments, dict):
        yield Call(name, json.dumps(arguments, ensure_ascii=False))


def _value(text: str) -> Any:  # noqa: ANN401  # JSON
    """A parameter's value: JSON where it is some, else the text itself."""
    loaded = _loaded(text)
    return text if loaded is None and text != "null" else loaded


def _loaded(text: str) -> Any:  # noqa: ANN401  # JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
