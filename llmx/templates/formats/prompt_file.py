"""``.prompt.yml`` files of GitHub Models: a conversation with ``{{variables}}``, test data and evaluators.

The format: docs.github.com/github-models, "Storing prompts in GitHub repositories"; its runner was `gh models`.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmx.core.messages import Message, message
from llmx.errors import ConfigError, NotFoundError
from llmx.templates import Parameter, Phase, Template
from llmx.templates.cases import Case
from llmx.templates.evaluators import VARIABLE, filled, require_evaluators
from llmx.templates.formats.yaml import read_yaml
from llmx.templates.phases import Context

ENDINGS = (".prompt.yml", ".prompt.yaml")
ROLES = ("system", "user", "assistant")
EXPECTED = ({"name": "expected", "string": {"equals": "{{expected}}"}},)
FORMS = ("text", "json_object", "json_schema")
_SAMPLING = {"temperature": "temperature", "topP": "top_p", "maxTokens": "max_tokens"}
_KNOWN = ("name", "description", "model", "modelParameters", "responseFormat", "jsonSchema", "messages", "testData")


class Prompt(NamedTuple):
    """What a file says. ``ignored`` are its keys that mean nothing here."""

    name: str
    description: str
    model: str
    sampling: dict[str, Any]
    messages: tuple[tuple[str, str], ...]
    schema: dict[str, Any] | None
    data: tuple[dict[str, Any], ...]
    evaluators: tuple[Mapping[str, Any], ...]
    ignored: tuple[str, ...]

    @property
    def variables(self) -> list[str]:
        """The names in its messages, in their order."""
        return list(dict.fromkeys(name for _, text in self.messages for name in VARIABLE.findall(text)))


def template(path: Path) -> Template:
    """The file as a template: its variables are the parameters, its one phase asks."""
    data, prompt = _data(path), read(path)
    return Template(
        id=slug(path),
        version="1",
        category="prompt",
        description=prompt.description or prompt.name,
        folder=path,
        tags=("prompt.yml",),
        parameters=tuple(Parameter(name, "string", f"Stands for {{{{{name}}}}}.") for name in prompt.variables),
        phases=(Phase("answer", run=f"{__name__}:answer", schema=prompt.schema),),
        source="file",
        digest=hashlib.sha256(data).hexdigest(),
        model=prompt.model,
    )


async def answer(context: Context) -> Any:  # noqa: ANN401  # text, or what the file's schema says
    """Ask what the file asks, sampled as it says."""
    prompt = read(context.template.folder)
    if prompt.ignored:
        context.provenance["ignored"] = list(prompt.ignored)
    return await context.ask(conversation(prompt, context.parameters), schema=prompt.schema, **prompt.sampling)


def conversation(prompt: Prompt, values: Mapping[str, Any]) -> list[Message]:
    """The messages with the values in their places."""
    return [message({"role": role, "content": filled(text, values)}) for role, text in prompt.messages]


def cases(path: Path) -> list[Case]:
    """A case for each entry of the test data, judged by the file's evaluators; without any, by what is expected."""
    prompt, folder = read(path), path.parent / f"{slug(path)}.cassettes"
    return [
        Case(
            str(number),
            path.parent,
            {name: filled(f"{{{{{name}}}}}", data) for name in prompt.variables if name in data},
            folder / f"{number}.jsonl",
            evaluators=prompt.evaluators or (EXPECTED if "expected" in data and prompt.schema is None else ()),
            data=data,
        )
        for number, data in enumerate(prompt.data, 1)
    ]


def slug(path: Path) -> str:
    """An id from the file's name."""
    stem = next((path.name.removesuffix(end) for end in ENDINGS if path.name.endswith(end)), path.stem)
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "prompt"


def read(path: Path) -> Prompt:
    """What a file says; raises ``ConfigError`` that names the key that is wrong."""
    return _Reading(path).prompt()


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", source=str(path)) from None


class _Reading:
    """A walk over one file, which knows where it is when something is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._told = read_yaml(_data(path).decode(), str(path))
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: {str(error).splitlines()[0]}", source=str(path)) from None
        self._require(isinstance(self._told, dict), "the file", "it must be a mapping")

    def prompt(self) -> Prompt:
        sampling = self._of("modelParameters", dict, {})
        return Prompt(
            self._of("name", str, ""),
            self._of("description", str, ""),
            self._of("model", str, ""),
            {_SAMPLING[key]: self._number(key, value) for key, value in sampling.items() if key in _SAMPLING},
            tuple(self._messages()),
            self._schema(),
            tuple(self._test_data()),
            require_evaluators(self._of("evaluators", list, []), str(self._path)),
            tuple(
                [key for key in self._told if key not in (*_KNOWN, "evaluators")]
                + [f"modelParameters.{key}" for key in sampling if key not in _SAMPLING]
            ),
        )

    def _messages(self) -> list[tuple[str, str]]:
        listed = self._of("messages", list, [])
        self._require(listed != [], "messages", "there must be at least one")
        found = []
        for number, each in enumerate(listed, 1):
            place = f"messages[{number}]"
            self._require(isinstance(each, dict), place, "it must be a mapping")
            role, content = str(each.get("role", "")).lower(), each.get("content")
            self._require(role in ROLES, f"{place}.role", f"it is one of {', '.join(ROLES)}")
            self._require(isinstance(content, str), f"{place}.content", "it must be a text")
            found.append((role, str(content)))
        return found

    def _schema(self) -> dict[str, Any] | None:
        form = self._of("responseFormat", str, "text")
        self._require(form in FORMS, "responseFormat", f"it is one of {', '.join(FORMS)}")
        if form != "json_schema":
            return {"type": "object"} if form == "json_object" else None
        told = self._told.get("jsonSchema")
        if isinstance(told, str):
            try:
                told = json.loads(told)
            except ValueError as error:
                self._require(False, "jsonSchema", f"it is no JSON: {error}")
        self._require(isinstance(told, dict), "jsonSchema", "responseFormat: json_schema needs it")
        whole: dict[str, Any] = told
        inner = whole.get("schema", whole)
        self._require(isinstance(inner, dict), "jsonSchema.schema", "it must be a JSON Schema")
        return dict(inner)

    def _test_data(self) -> list[dict[str, Any]]:
        listed = self._of("testData", list, [])
        for number, each in enumerate(listed, 1):
            self._require(isinstance(each, dict), f"testData[{number}]", "it must be a mapping")
        return [{str(key): value for key, value in each.items()} for each in listed]

    def _number(self, key: str, value: Any) -> float:  # noqa: ANN401  # what the file holds
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        self._require(fits, f"modelParameters.{key}", "it must be a number")
        number: float = value
        return number

    def _of(self, key: str, kind: type, default: Any) -> Any:  # noqa: ANN401  # as above
        value = self._told.get(key, default)
        self._require(isinstance(value, kind), key, f"it must be a {_KINDS[kind]}")
        return value

    def _require(self, holds: bool, place: str, otherwise: str) -> None:
        if not holds:
            raise ConfigError(f"{self._path}: {place}: {otherwise}", source=str(self._path), key=place)


_KINDS: Mapping[type, str] = {str: "text", list: "list", dict: "mapping"}
