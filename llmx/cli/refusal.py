"""What Typer says about a command line, in llmx's own words, so that every way in shows errors alike."""

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.redact import mask_message
from llmx.core.settings.sources import shown
from llmx.errors import LlmxError, UsageError, nearest, render


def is_refusal(error: Exception) -> bool:
    """Whether Typer raised it about the command line; its vendored classes are private, what they offer is not."""
    return hasattr(error, "format_message")


def is_help(error: Exception) -> bool:
    """Whether it is the help text that Typer raises where a group is called without a command."""
    return type(error).__name__ == "NoArgsIsHelpError"


def refusal(error: Any, tree: Any = None, words: Sequence[str] = ()) -> LlmxError:  # noqa: ANN401  # classes private to Typer
    """Typer's objection as a ``UsageError`` that says what to type next."""
    context = getattr(error, "ctx", None)
    program = context.command_path if context else _program(tree, words)
    message = error.format_message().partition(" Did you mean ")[0].partition(" (Possible options:")[0].rstrip(".")
    near = _nearest(error, context)
    hint = f"did you mean {near}?" if near else f"{program} --help shows what it takes"
    if (word := getattr(error, "option_name", None) or "")[1:2].isdigit():
        hint = f"a word that begins with - stands behind --: {program} -- {word}"
    return UsageError(f"{program}: {message[:1].lower()}{message[1:]}", hint=hint)


def _program(command: Any, words: Sequence[str]) -> str:  # noqa: ANN401  # as above
    """The command that ``words`` name: an option without its value is refused before there is a context."""
    names = ["llmx"]
    for word in words:
        if member := getattr(command, "commands", {}).get(word):
            command = member
            names.append(word)
    return " ".join(names)


def _nearest(error: Any, context: Any) -> str | None:  # noqa: ANN401  # as above
    """The option or command that was probably meant."""
    command = getattr(context, "command", None)
    if option := getattr(error, "option_name", None):
        known = [flag for parameter in command.params for flag in parameter.opts] if command else []
        return nearest(option, [*known, "--help"])
    typed = str(error).split("'")[1::2]
    if typed and (members := getattr(command, "commands", None)):
        near = nearest(typed[0], [name for name, member in members.items() if not member.hidden])
        return near and f"{context.command_path} {near}"
    return None


def show(error: LlmxError, words: Sequence[str]) -> None:
    """The error on stderr, its secrets masked, and as JSON on stdout where ``words`` ask for JSON.

    With it goes a model's answer that has come but must not be taken for a good one.
    """
    texts = (error.message, error.hint, getattr(error, "answer", ""))
    message, hint, answer = (mask_message(text or "", os.environ, list(words)) for text in texts)
    print(render(LlmxError(message, hint=hint)).translate(load("llmx.cli.steering:CONTROLS")), file=sys.stderr)
    if "--output=json" in words or ("--output", "json") in pairwise(words):
        facts = {"message": message, "hint": hint or None, "exit_code": error.exit_code}
        print(dumps({"error": {**facts, "answer": answer} if answer else facts}))
    elif answer:
        print("the last answer was:", *map(shown, answer.splitlines()), sep="\n", file=sys.stderr)
