"""References: ``$step.field`` is what a step gave, ``$$`` what the workflow was given, ``\\$`` a plain dollar."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from llmx.templates.builtin.workflow_orchestrator import FIELDS, STATUS_FIELDS
from llmx.templates.phases import PhaseError

GIVEN = "$"
"""The name that ``$$`` refers to."""

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_TAIL = r"(?:\.[A-Za-z0-9_-]+)*"
_FOUND = re.compile(rf"\\\$|\$\{{(\$|{_NAME})({_TAIL})\}}|\$(\$|{_NAME})({_TAIL})")
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined)


class Reference(NamedTuple):
    """One reference: the step's id (or ``$``), and the keys from there on."""

    name: str
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((f"${self.name}", *self.keys))

    @property
    def is_about_status(self) -> bool:
        """Whether it can be followed whatever became of the step."""
        return self.keys[:1] != () and self.keys[0] in STATUS_FIELDS


Scope = Mapping[str, Mapping[str, Any]]
"""What there is to refer to: a step's id -> its fields, with its kind; ``$`` and a loop's own under ``""``."""


def references_in(value: Any) -> Iterator[Reference]:  # noqa: ANN401  # JSON
    """All references in the texts of ``value``."""
    if isinstance(value, str):
        yield from (_reference(found) for found in _FOUND.finditer(value) if found[0] != r"\$")
    elif isinstance(value, dict):
        for inner in value.values():
            yield from references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references_in(inner)


def filled(value: Any, scope: Scope, shown: Callable[[Reference, str], str] = lambda _, text: text) -> Any:  # noqa: ANN401
    """``value`` with its references followed: a text that is one reference becomes what that is, else text.

    ``shown`` makes of a reference and its text what stands in a longer text.
    """
    if isinstance(value, dict):
        return {key: filled(inner, scope, shown) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, scope, shown) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _FOUND.fullmatch(value)
    if whole and whole[0] != r"\$":
        return followed(_reference(whole), scope)
    return filled_text(value, scope, shown)


def filled_text(text: str, scope: Scope, shown: Callable[[Reference, str], str] = lambda _, text: text) -> str:
    """``text`` with the text of what its references lead to."""

    return replaced(text, lambda reference: shown(reference, as_text(followed(reference, scope))))


def replaced(text: str, put: Callable[[Reference], str]) -> str:
    """``text`` with what is put in the place of each reference."""
    return _FOUND.sub(lambda found: "$" if found[0] == r"\$" else put(_reference(found)), text)


def followed(reference: Reference, scope: Scope) -> Any:  # noqa: ANN401  # JSON
    """What a reference leads to; raises ``PhaseError`` where there is nothing of that name."""
    found = scope[reference.name]
    if "" in found:  # the input, or a loop's item: a value by itself
        return _down(reference, found[""], reference.keys)
    keys = reference.keys or (FIELDS[found["kind"]][0],)
    return _down(reference, found.get(keys[0]), keys[1:])


def _down(reference: Reference, value: Any, keys: tuple[str, ...]) -> Any:  # noqa: ANN401
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise PhaseError(f"{reference}: there is no {key!r} in it")
    return value


def as_text(value: Any) -> str:  # noqa: ANN401  # JSON
    """A value within a text: texts as they are, but for a last line end; nothing for null; else JSON."""
    if isinstance(value, str):
        return value.removesuffix("\n")
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def wrong_with(expression: str) -> str:
    """What is wrong with a condition, in words; empty for one that can be evaluated."""
    try:
        text, _ = _as_jinja(expression)
        _ENVIRONMENT.compile_expression(text)
    except TemplateError as error:
        return str(error.message or error)
    except ValueError as error:
        return str(error)
    return ""


def holds(expression: str, scope: Scope) -> bool:
    """Whether a condition is true: a Jinja expression, in which references are names. Raises ``PhaseError``."""
    text, names = _as_jinja(expression)
    values = {name: followed(reference, scope) for name, reference in names.items()}
    try:
        return bool(_ENVIRONMENT.compile_expression(text, undefined_to_none=False)(**values))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise PhaseError(f"{expression!r}: {error}") from None


def _as_jinja(expression: str) -> tuple[str, dict[str, Reference]]:
    """The expression with a plain name for each reference; raises ``ValueError`` for one within quotes."""
    names: dict[str, Reference] = {}

    def one(found: re.Match[str]) -> str:
        before = re.sub(r"\\.", "", expression[: found.start()])
        if before.count("'") % 2 or before.count('"') % 2:
            raise ValueError(f"{found[0]} stands within quotes: write it without")
        name = f"reference_{len(names)}"
        names[name] = _reference(found)
        return name

    return _FOUND.sub(one, expression), names


def _reference(found: re.Match[str]) -> Reference:
    name, tail = (found[1], found[2]) if found[1] else (found[3], found[4])
    return Reference(name, tuple(tail.split(".")[1:]))
