"""The text of a prompt: words to fill in and parts under a condition, and nothing else that Jinja could do.

What is allowed is listed by the kind of node, so that no prompt can loop, call or reach into a value.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Compare, nodes.Operand),
    *(nodes.Const, nodes.And, nodes.Or, nodes.Not),
)
ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


class Fault(NamedTuple):
    """What is wrong on a line of the text, counted from 1."""

    line: int
    message: str


class Parsed(NamedTuple):
    """The words that a text asks for, each with its first line, and what is wrong with it."""

    names: dict[str, int]
    faults: list[Fault]


def parsed(text: str) -> Parsed:
    """What is in ``text``."""
    try:
        tree = ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        return Parsed({}, [Fault(error.lineno, str(error.message))])
    names: dict[str, int] = {}
    faults: list[Fault] = []
    for node in _every(tree):
        if not isinstance(node, ALLOWED):
            faults.append(Fault(node.lineno, f"a prompt has {{{{ words }}}} and {{% if %}} only, no {_word(node)}"))
        elif isinstance(node, nodes.Name):
            names.setdefault(node.name, node.lineno)
    return Parsed(names, faults)


def filled(text: str, values: Mapping[str, object]) -> str:
    """``text`` with its words filled in; all of them are in ``values``."""
    return ENVIRONMENT.from_string(text).render(values)


def _every(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node, and what is below it as far as it is allowed."""
    yield node
    if isinstance(node, ALLOWED):
        for child in node.iter_child_nodes():
            yield from _every(child)


def _word(node: nodes.Node) -> str:
    return {"For": "{% for %}", "Getattr": "dots", "Getitem": "brackets"}.get(
        type(node).__name__, type(node).__name__.lower()
    )
