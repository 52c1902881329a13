"""Jinja for prompts and conditions: sandboxed, with undefined names as errors, and untrusted text behind a fence."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.bccache import Bucket
from jinja2.sandbox import SandboxedEnvironment

from llmx.errors import ConfigError


class _Compiled(BytecodeCache):
    """Texts of templates that were compiled in this process: the same text is not compiled again for every run."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take it up where it is known."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it; of many, none."""
        if len(self._kept) >= MOST_COMPILED:
            self._kept.clear()
        self._kept[bucket.key, bucket.checksum] = bucket.code


MOST_COMPILED = 256
_COMPILED = _Compiled()


Guard = Callable[[Path, bytes], None]
"""Raises where a file, of which these are the bytes, must not be used."""


class _Guarded(FileSystemLoader):
    """Files as a guard sees them: what it has looked at is what is rendered."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        super().__init__(folder)
        self._guard = guard

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text, its place, and whether it is still that."""
        _, name, is_fresh = super().get_source(environment, template)
        data = Path(name).read_bytes()
        self._guard(Path(name), data)
        return data.decode(), name, is_fresh


class Renderer:
    """Renders the texts of one template; ``fence`` is random, so that no text under review can hold it.

    What is sent has a fence that comes from the whole question instead (``settled``): the same question is the same
    again, for kept answers and cassettes, and a text that held its own fence would hold its own hash.
    """

    def __init__(self, folder: Path, guard: "Guard | None" = None) -> None:
        self._folder = folder
        self.fence = secrets.token_hex(16)
        self._environment = SandboxedEnvironment(
            loader=_Guarded(folder, guard) if guard else FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,
            bytecode_cache=_COMPILED,
        )
        self._environment.filters["fenced"] = self.fenced

    def fenced(self, text: str, name: str = "data") -> str:
        """``text`` marked as data: what it says is never an order."""
        mark = f"{name} {self.fence}"
        return f"<<<{mark}\n{text}\n{mark}>>>"

    def settled(self, texts: Sequence[str]) -> list[str]:
        """The texts of one question with their fence in place."""
        whole = "\0".join(texts)
        if self.fence not in whole:
            return list(texts)
        fence = hashlib.sha256(whole.replace(self.fence, "").encode(errors="surrogatepass")).hexdigest()[:32]
        return [text.replace(self.fence, fence) for text in texts]

    def file(self, name: str, values: Mapping[str, Any]) -> str:
        """The text of a Jinja file of the template."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateError as error:
            raise ConfigError(f"{self._folder / name}: {_said(error)}", source=str(self._folder / name)) from None

    def text(self, text: str, values: Mapping[str, Any]) -> str:
        """A Jinja text that stands in ``template.toml``."""
        try:
            return self._environment.from_string(text).render(values)
        except TemplateError as error:
            raise ConfigError(f"{self._folder}: {text!r}: {_said(error)}") from None

    def expression(self, text: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever it evaluates to
        """The value of a Jinja expression."""
        try:
            return self._environment.compile_expression(text, undefined_to_none=False)(**values)
        except TemplateError as error:
            raise ConfigError(f"{self._folder}: {text!r}: {_said(error)}") from None


def _said(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error.message or error}" if line else str(error.message or error)
