"""Jinja for prompts and conditions: sandboxed, with undefined names as errors, and untrusted text behind a fence."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from llmx.errors import ConfigError


class Renderer:
    """Renders the texts of one template; ``fence`` is random, so that no text under review can hold it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fence = secrets.token_hex(8)
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
        )
        self._environment.filters["fenced"] = self.fenced

    def fenced(self, text: str, name: str = "data") -> str:
        """``text`` marked as data: what it says is never an order."""
        mark = f"{name} {self.fence}"
        return f"<<<{mark}\n{text}\n{mark}>>>"

    def file(self, name: str, values: Mapping[str, Any]) -> str:
        """The text of a Jinja file of the template."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateError as error:
            raise ConfigError(f"{self._folder / name}: {_said(error)}", source=str(self._folder / name)) from None

    def expression(self, text: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever it evaluates to
        """The value of a Jinja expression."""
        try:
            return self._environment.compile_expression(text, undefined_to_none=False)(**values)
        except TemplateError as error:
            raise ConfigError(f"{self._folder}: {text!r}: {_said(error)}") from None


def _said(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error.message or error}" if line else str(error.message or error)
