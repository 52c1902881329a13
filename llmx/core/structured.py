"""Answers that fit a JSON Schema: the endpoint's own constraint, then validation, then rounds of repair."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as WrongSchemaError
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from llmx.core.backends.errors import AnswerSchemaError, BadRequestError, ContextOverflowError
from llmx.core.events import Answering, Done, Event, TextDelta, Usage
from llmx.core.messages import Request, assistant, system, user
from llmx.core.response import Gathering, Response
from llmx.errors import UsageError

MOST_TOLD = 300
"""Characters of what is wrong with an answer: the whole answer may be in it again."""

Ask = Callable[[Request], AsyncGenerator[Event]]

_FENCED = re.compile(r"\s*(?:<think>.*?</think>)?\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_REJECTED = re.compile(r"response_format|json_schema|schema|tool_choice|output_config|\bformat\b", re.IGNORECASE)


async def fitting(ask: Ask, request: Request, repairs: int) -> AsyncGenerator[Event]:
    """The answer as events once it fits ``request.schema``; raises ``AnswerSchemaError`` after ``repairs`` rounds."""
    assert request.schema is not None
    schema = Schema(request.schema)
    used = Usage()
    for left in range(repairs, -1, -1):
        who, response, request = await _asked(ask, request)
        used = _sum(used, response.usage)
        wrong = "" if response.tool_calls else schema.wrong(unfenced(response.content))
        if not wrong or response.finish_reason == "content_filter":
            for event in _events(who, response, used):
                yield event
            return
        if left:
            request = _again(request, response, wrong)
    raise _broken(response, wrong, repairs)


class Schema:
    """A JSON Schema; raises ``UsageError`` for what is none. References to other documents are not followed."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        kind = validator_for(schema, Draft202012Validator)
        try:
            kind.check_schema(dict(schema))
        except WrongSchemaError as error:
            raise UsageError(f"the schema is none: {error.message}") from None
        self._validator = kind(schema, registry=Registry())

    def wrong(self, text: str) -> str:
        """What about ``text`` does not fit, in words; empty where it fits."""
        try:
            value = json.loads(text)
        except ValueError as error:
            return f"it is no JSON: {error}"
        try:
            worst = best_match(self._validator.iter_errors(value))
        except Unresolvable as unresolvable:
            raise UsageError(f"the schema refers to what is not in it: {unresolvable}") from None
        return f"{worst.json_path}: {worst.message}"[:MOST_TOLD] if worst else ""


def unfenced(text: str) -> str:
    """The JSON text of an answer that puts a fence around it, or thinks aloud before."""
    fenced = _FENCED.fullmatch(text)
    return (fenced[1] if fenced else text.rpartition("</think>")[2]).strip()


async def _asked(ask: Ask, request: Request) -> tuple[Answering, Response, Request]:
    """One answer; where the endpoint takes no schema, the model is told it in words from there on."""
    try:
        return *await _gathered(ask(request)), request
    except ContextOverflowError:
        raise
    except BadRequestError as error:
        if request.schema is None or not _REJECTED.search(error.message):
            raise
    request = replace(request, schema=None, messages=(system(_told(request.schema)), *request.messages))
    return *await _gathered(ask(request)), request


async def _gathered(events: AsyncGenerator[Event]) -> tuple[Answering, Response]:
    gathering, who = Gathering(), Answering("", "")
    async with aclosing(events):
        async for event in events:
            gathering.add(event)
            if isinstance(event, Answering):
                who = event
    return who, gathering.response()


def _told(schema: Mapping[str, Any]) -> str:
    return f"Answer with JSON only, nothing before or behind it, that fits this JSON Schema:\n{json.dumps(schema)}"


def _again(request: Request, response: Response, wrong: str) -> Request:
    said = f"That answer does not fit the schema: {wrong}\nGive the whole answer again, as JSON only, so that it fits."
    return replace(request, messages=(*request.messages, assistant(response.content or " "), user(said)))


def _events(who: Answering, response: Response, used: Usage) -> list[Event]:
    text = response.content if response.tool_calls else unfenced(response.content)
    spoken = [TextDelta(text)] if text else []
    return [
        who,
        *spoken,
        *response.tool_calls,
        used,
        Done(response.finish_reason, response.model, response.fingerprint),
    ]


def _sum(one: Usage, other: Usage) -> Usage:
    """What all rounds cost together; a count stays None only where nobody told it."""
    pairs = zip(one, other, strict=True)
    return Usage(*(b if a is None else a if b is None else a + b for a, b in pairs))


def _broken(response: Response, wrong: str, repairs: int) -> AnswerSchemaError:
    rounds = {0: "", 1: " after one repair"}.get(repairs, f" after {repairs} repairs")
    cut = response.finish_reason == "length"
    return AnswerSchemaError(
        f"{response.backend}, model {response.model}: the answer does not fit the schema{rounds}: {wrong}",
        hint="the answer was cut for its length: give it more --max-tokens" if cut else "another model may do better",
        answer=response.content,
    )
