"""What may stand where on the command line: read from the tree that runs the commands, for the completion scripts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from typer.core import TyperGroup
from typer.main import get_command

from llmx.cli.app import app
from llmx.cli.lazy import Deferred
from llmx.exec.options import OPTIONS, Option

OPTION_KINDS = {"--profile": "profiles", "-p": "profiles"}
ARGUMENT_KINDS = {
    "llmx help": "topics",
    **{
        f"llmx client {name}": "clients"
        for name in ("show", "import", "render", "diff", "apply", "check", "permit", "deny", "revoke", "verify")
    },
    **{
        f"llmx agent {name}": "agents"
        for name in ("get", "set", "edit", "delete", "default", "enable", "disable", "resolve", "run", "export")
    },
    **{f"llmx prompt {name}": "prompts" for name in ("show", "check", "render", "enable", "disable")},
    **{f"llmx runs {name}": "runs" for name in ("show", "logs", "stop", "wait")},
    **{f"llmx config {name}": "settings" for name in ("show", "get", "set", "unset")},
}
"""Whose values are names that are only known when TAB is pressed, and of which of the kinds in ``candidates.py``."""


class Place(NamedTuple):
    """One spot of the command line: the command so far and what may follow.

    ``members`` and ``options`` map a word to its description; ``values`` an option that takes a value to the words it
    is limited to, none for a free one; ``words`` are those that an argument is limited to. A word ``@KIND`` stands
    for the names that ``llmx __complete KIND`` prints. Where another program's command line starts, the place
    ``runs`` it.
    """

    path: str
    members: dict[str, str]
    options: dict[str, str]
    values: dict[str, tuple[str, ...]]
    words: tuple[str, ...]
    runs: bool = False


def places() -> list[Place]:
    """Every command of the tree, parents first, and ``llm-exec`` last."""
    found = list(_visit("llmx", get_command(app)))
    run = next(place for place in found if place.path == "llmx exec")
    return [*found, run._replace(path="llm-exec")]


def _visit(path: str, command: Any) -> Iterator[Place]:  # noqa: ANN401  # a command of Typer's vendored Click
    if path == "llmx exec":
        yield _exec(path)
        return
    if isinstance(command, Deferred):
        command = command.load()
    offered = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    options = {flag: p.help or "" for p in offered for flag in p.opts if flag.startswith("--")}
    values = {flag: _named(flag) or _choices(p) for p in offered if not p.is_flag for flag in p.opts}
    members = {n: m for n, m in command.commands.items() if not m.hidden} if isinstance(command, TyperGroup) else {}
    helps = {name: member.get_short_help_str(80) for name, member in members.items()}
    words = [word for p in command.params if p.param_type_name == "argument" for word in _choices(p)]
    if path in ARGUMENT_KINDS:
        words = [f"@{ARGUMENT_KINDS[path]}"]
    yield Place(path, helps, options | {"--help": "Show this message and exit."}, values, tuple(words))
    for name, member in members.items():
        yield from _visit(f"{path} {name}", member)


def _exec(path: str) -> Place:
    options = {word: option.help for option in OPTIONS for word in _spelled(option)}
    values = {flag: _named(flag) or o.choices for o in OPTIONS for flag in o.flags if o.kind not in ("flag", "mode")}
    return Place(path, {}, options, values, (), runs=True)


def _spelled(option: Option) -> list[str]:
    """The long forms of an option; one whose value is optional takes it after ``=``."""
    flags = [flag for flag in option.flags if flag.startswith("--")]
    attached = option.choices[1:] if option.kind == "mode" else ()
    return flags + [f"{flag}={choice}" for flag in flags for choice in attached]


def _named(flag: str) -> tuple[str, ...]:
    return (f"@{OPTION_KINDS[flag]}",) if flag in OPTION_KINDS else ()


def _choices(parameter: Any) -> tuple[str, ...]:  # noqa: ANN401  # as above
    return tuple(str(getattr(choice, "value", choice)) for choice in getattr(parameter.type, "choices", ()))
