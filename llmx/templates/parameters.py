"""Parameters as they are given become values of their declared types; everything that is wrong is said at once."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from llmx.errors import NotFoundError, UsageError, nearest
from llmx.templates import Kind, Parameter, Template

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_WORDS = {"array": "a JSON list", "object": "a JSON object", "integer": "a whole number", "number": "a number"}


def values(template: Template, given: Sequence[str], file: str = "") -> dict[str, Any]:
    """The values of ``k=v`` words over those of a file and the defaults; raises ``UsageError`` naming every fault."""
    faults: list[str] = []
    known = _by_name(template)
    found: dict[str, Any] = {}
    for name, value in _of_file(file).items():
        if parameter := _known(name, known, faults):
            found[parameter.name] = value
    for word in given:
        name, equals, text = word.partition("=")
        if not equals:
            faults.append(f"{word!r} is no NAME=VALUE")
        elif parameter := _known(name, known, faults):
            _put(found, parameter, text, faults)
    return checked(template, found, faults)


def checked(template: Template, given: Mapping[str, Any], faults: Iterable[str] = ()) -> dict[str, Any]:
    """All values, defaults included; raises ``UsageError`` that names every fault."""
    wrong = list(faults)
    known = _by_name(template)
    named: dict[str, Any] = {}
    for name, value in given.items():
        if parameter := _known(name, known, wrong):
            named[parameter.name] = value
    defaults = {each.name: each.default for each in template.parameters if not each.is_required}
    found = {**defaults, **named}
    unset = {name for name in found if found[name] is None and defaults.get(name, 0) is None}
    validator = Draft202012Validator(template.schema)
    errors = validator.iter_errors({name: value for name, value in found.items() if name not in unset})
    wrong += [said for error in sorted(errors, key=_place) if (said := _fault(error, wrong))]
    if wrong:
        hint = f"llmx template info {template.id} shows its parameters"
        raise UsageError(f"{template.id}: " + "; ".join(wrong), hint=hint)
    return found


def coerced(kind: Kind, text: str) -> Any:  # noqa: ANN401  # a value of that kind
    """``text`` as a value of the declared type; raises ``ValueError`` in words."""
    match kind:
        case "string":
            return text
        case "boolean":
            if text.strip().lower() not in _TRUTHS:
                raise ValueError(f"{text!r} is neither true nor false")
            return _TRUTHS[text.strip().lower()]
        case "array" if not text.lstrip().startswith("["):
            return [word.strip() for word in text.split(",") if word.strip()]
    return _of_json(kind, text)


def _of_json(kind: Kind, text: str) -> Any:  # noqa: ANN401
    types = {"integer": int, "number": (int, float), "array": list, "object": dict}
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, types[kind]) or isinstance(value, bool):  # type: ignore[arg-type]  # one or two types
        raise ValueError(f"{text!r} is not {_WORDS[kind]}")
    return value


def _put(found: dict[str, Any], parameter: Parameter, text: str, faults: list[str]) -> None:
    try:
        found[parameter.name] = coerced(parameter.kind, _referred(text))
    except ValueError as error:
        faults.append(f"{parameter.name}: {error}")


def _referred(text: str) -> str:
    """``@file`` stands for the file's text, ``@-`` for stdin; ``@@x`` is the text ``@x``."""
    if not text.startswith("@") or text == "@":
        return text
    if text.startswith("@@"):
        return text[1:]
    return sys.stdin.read() if text == "@-" else _text(text[1:])


def _of_file(path: str) -> dict[str, Any]:
    """The object that ``--params-file`` holds."""
    if not path:
        return {}
    text = sys.stdin.read() if path == "-" else _text(path)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--params-file {path} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"--params-file {path} holds no JSON object")
    return value


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}", hint="a value that begins with @ is written @@…") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _by_name(template: Template) -> dict[str, Parameter]:
    return {name: each for each in template.parameters for name in (each.name, *each.aliases)}


def _known(name: str, known: Mapping[str, Parameter], faults: list[str]) -> Parameter | None:
    if name in known:
        return known[name]
    near = nearest(name, known)
    faults.append(f"there is no parameter {name!r}" + (f", did you mean {near}?" if near else ""))
    return None


def _place(error: ValidationError) -> str:
    return "/".join(str(step) for step in error.absolute_path)


def _fault(error: ValidationError, before: Sequence[str]) -> str:
    """In words; empty for what was said already."""
    if error.validator == "required":
        name = error.message.split("'")[1]
        return "" if any(fault.startswith(f"{name}: ") for fault in before) else f"{name} is required"
    place = _place(error).replace("/", ".")
    return f"{place}: {error.message}" if place else error.message
