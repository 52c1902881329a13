"""Turn messages into the prompt that a model was trained on, by the template that came with it.

A template is a program from the internet: it runs sandboxed, in the worker's process, within the time of its question.
"""

import json
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from llmx.core.runner import RunnerError

CHATML = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') + '<|im_end|>\\n' }}"
    "{%- endfor %}{{- '<|im_start|>assistant\\n' }}"
)
"""For models that bring none."""
LONGEST = 8 << 20
"""Characters that a prompt may have."""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401  # as in Jinja
        """Powers and repetition are for numbers and short texts; a template has no use for gigabytes."""
        sizes = [len(each) if hasattr(each, "__len__") else 1 for each in (left, right)]
        times = [each if isinstance(each, int) else 1 for each in (left, right)]
        if operator == "**" or max(sizes) * max(map(abs, times)) > LONGEST:
            raise TemplateError(f"{operator} makes too much of it")
        return super().call_binop(context, operator, left, right)


class ChatTemplate:
    """A model's template, with the special tokens that it names."""

    def __init__(self, source: str, bos: str, eos: str, *, strips_bos: bool) -> None:
        environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.filters["tojson"] = _to_json
        environment.globals.update(raise_exception=_refuse, strftime_now=time.strftime, bos_token=bos, eos_token=eos)
        self._bos = bos if strips_bos else ""
        try:
            self._template = environment.from_string(source or CHATML)
        except TemplateError as error:
            raise RunnerError(f"the model's chat template is broken: {error}", kind="bad_request") from None

    def render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        """The prompt; raises ``RunnerError`` with the template's own words where it will not have the messages."""
        try:
            text = self._rendered(messages, tools)
        except TemplateError as error:
            if messages[0]["role"] != "system" or len(messages) < 2:
                raise RunnerError(f"the model's chat template: {error}", kind="bad_request") from None
            text = self._without_system(messages, tools)
        except Exception as error:  # whatever a foreign template trips over
            what = f"{type(error).__name__}: {error}"
            raise RunnerError(f"the model's chat template: {what[:200]}", kind="bad_request") from None
        return text.removeprefix(self._bos) if self._bos else text  # the tokenizer adds it

    def _rendered(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        pieces, length = [], 0
        for piece in self._template.generate(messages=messages, tools=tools or None, add_generation_prompt=True):
            length += len(piece)
            if length > LONGEST:
                raise TemplateError("the prompt does not end")
            pieces.append(piece)
        return "".join(pieces)

    def _without_system(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        """For models that know no system message: what it says goes before what the user says first."""
        system, first, *rest = messages
        told = f"{system['content']}\n\n{first.get('content') or ''}"
        try:
            return self._rendered([{**first, "content": told}, *rest], tools)
        except TemplateError as error:
            raise RunnerError(f"the model's chat template: {error}", kind="bad_request") from None


def _to_json(value: Any, indent: int | None = None, **_options: Any) -> str:  # noqa: ANN401  # JSON
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: object) -> NoReturn:
    raise TemplateError(str(message))
