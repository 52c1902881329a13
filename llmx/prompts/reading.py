"""Read one prompt from its file; all that is wrong with it is said, with its line."""

import re
from pathlib import Path
from typing import Any, Literal

from llmx.core.settings.faults import together
from llmx.core.settings.sources import shown
from llmx.errors import ConfigError, NotFoundError, nearest
from llmx.prompts import KINDS, MODES, Prompt, Variable
from llmx.prompts.front_matter import Head, fault, split
from llmx.prompts.rendering import PROVIDED
from llmx.prompts.template import parsed

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEYS = ("description", "kind", "mode", "variables", "team")
LONGEST_NAME, LONGEST_DESCRIPTION = 64, 1024
"""What every client takes for a skill's name and description."""


def read_prompt(file: Path, source: Literal["built-in", "user"] = "user") -> Prompt:
    """The prompt in ``file``, named after it; raises ``ConfigError`` that names every fault."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {shown(str(file))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown(str(file))} cannot be read: {error}", source=str(file)) from None
    reading = _Reading(file, split(str(file), text))
    prompt = reading.prompt(source)
    if reading.faults:
        raise together(sorted(reading.faults, key=lambda fault: int(fault.source.rpartition(":")[2])))
    return prompt


class _Reading:
    """A walk over one file, which collects what is wrong."""

    def __init__(self, file: Path, head: Head) -> None:
        self.file, self.head = file, head
        self.faults: list[ConfigError] = []

    def prompt(self, source: Literal["built-in", "user"]) -> Prompt:
        name = self.file.stem
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            self._fault(1, f"{shown(name)} is no name: lower-case letters, digits and single dashes, at most 64")
        for key in self.head.values:
            if key not in KEYS:
                near = nearest(str(key), KEYS)
                hint = f"did you mean {near}?" if near else f"the keys are {', '.join(KEYS)}"
                self._fault(self.head.line_of(str(key)), f"there is no key {shown(str(key))}", hint)
        found = Prompt(
            name,
            self._description(),
            self._choice("kind", KINDS, "subagent"),
            self._choice("mode", MODES, "subagent"),
            self._variables(),
            self._team(),
            self.head.body,
            self.head.body_line,
            self.file,
            source,
        )
        self._check_body(found)
        return found

    def _description(self) -> str:
        value = self.head.values.get("description")
        fits = isinstance(value, str) and value.strip() and len(value) <= LONGEST_DESCRIPTION
        if not fits or "\n" in str(value).strip():
            self._fault(self.head.line_of("description"), "description must be one line that says when to use it")
        return str(value).strip()

    def _choice(self, key: str, choices: tuple[Any, ...], default: str) -> Any:  # noqa: ANN401  # one of the choices
        value = self.head.values.get(key, default)
        if value not in choices:
            self._fault(self.head.line_of(key), f"{key} must be one of {', '.join(choices)}")
        return value

    def _team(self) -> tuple[str, ...]:
        value = self.head.values.get("team", [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self._fault(self.head.line_of("team"), "team must be a list of names of prompts")
            return ()
        return tuple(value)

    def _variables(self) -> dict[str, Variable]:
        table = self.head.values.get("variables") or {}
        if not isinstance(table, dict):
            self._fault(self.head.line_of("variables"), "variables must be a table of names")
            return {}
        return {str(name): self._variable(str(name), value) for name, value in table.items()}

    def _variable(self, name: str, value: object) -> Variable:
        line = self.head.line_of("variables", name)
        if not WORD.fullmatch(name) or name in PROVIDED:
            self._fault(line, f"{shown(name)} cannot be a variable's name: {'llmx fills it in' * (name in PROVIDED)}")
        if isinstance(value, dict) and value.keys() <= {"description", "default"}:
            default = value.get("default")
            return Variable(str(value.get("description", "")), None if default is None else _text(default))
        if value is None or isinstance(value, str | int | float):
            return Variable("", None if value is None else _text(value))
        self._fault(line, f"variables.{shown(name)} is a default, or has a description and a default")
        return Variable()

    def _check_body(self, prompt: Prompt) -> None:
        above = prompt.line - 1
        if not prompt.body.strip():
            self._fault(prompt.line, "there is no text below the front matter")
        found = parsed(prompt.body)
        for line, message in found.faults:
            self._fault(above + line, message)
        for name, line in found.names.items():
            if name not in prompt.variables and name not in PROVIDED:
                near = nearest(name, [*prompt.variables, *PROVIDED])
                hint = f"did you mean {near}?" if near else "declare it under variables in the front matter"
                self._fault(above + line, f"the variable {shown(name)} is not declared", hint)
        for name in prompt.variables:
            if name not in found.names and not found.faults:
                self._fault(self.head.line_of("variables", name), f"the variable {shown(name)} stands nowhere below")

    def _fault(self, line: int, message: str, hint: str | None = None) -> None:
        self.faults.append(fault(str(self.file), line, message.removesuffix(": "), hint))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
