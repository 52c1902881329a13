"""Read a template's folder: ``template.toml``, checked whole, with every fault named by its key."""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as WrongSchemaError

from llmx.core.settings.folders import shapes_runs
from llmx.errors import ConfigError, NotFoundError, nearest
from llmx.templates import REQUIRED, TAKES, Kind, Parameter, Phase, Template
from llmx.templates.sources import FILE

NOTHING: Mapping[Path, bytes] = {}
KINDS: tuple[Kind, ...] = get_args(Kind)
_TOP = (
    *("id", "version", "category", "description", "tags", "requires", "override", "parameters", "phases", "output"),
    *("takes", "estimate", "artifacts"),
)
_CONSTRAINTS = {
    "min": "minimum",
    "max": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "pattern": "pattern",
    "allowed_values": "enum",
    "items": "items",
}
_PARAMETER = ("type", "description", "default", "optional", "aliases", *_CONSTRAINTS)
_PHASE = (
    *("id", "run", "prompt", "template", "system", "needs", "when", "for_each", "schema", "retries", "timeout"),
    *("max_tokens", "share", "plan", "parameters"),
)
_RUN = re.compile(r"[A-Za-z_]\w*:[A-Za-z_]\w*", re.ASCII)
"""A name without folders: code comes from the template's own folder, whose files are what somebody trusts."""

_KINDS_OF: dict[str, tuple[tuple[type, ...], str, Callable[[Any], object]]] = {
    "run": ((str,), "a module of the template and its function: phases:work", _RUN.fullmatch),
    **{key: ((str,), "a text", lambda value: True) for key in ("prompt", "template", "system", "when")},
    "for_each": ((str,), "a text", lambda value: True),
    "retries": ((int,), "a number from 0 to 10", lambda value: 0 <= value <= 10),
    "timeout": ((int, float), "a number of seconds above 0", lambda value: value > 0),
    "max_tokens": ((int,), "a number above 0", lambda value: value > 0),
    "share": ((int, float), "a number above 0, at most 1", lambda value: 0 < value <= 1),
    "plan": ((str,), "run, skip, or a module and its function", lambda v: v in ("run", "skip") or _RUN.fullmatch(v)),
    "parameters": ((dict,), "a table", lambda value: True),
}


def load_template(folder: Path, source: str = "built-in") -> Template:
    """The template in ``folder``; raises ``ConfigError`` for the first thing in it that is wrong."""
    file = folder / FILE
    try:
        raw = file.read_bytes()
        data = tomllib.loads(raw.decode())
    except NotADirectoryError:
        hint = f"a template is a folder with a {FILE}, a .prompt.yml or a SKILL.md; llmx workflow run runs a workflow"
        raise NotFoundError(f"{folder} is no template", hint=hint) from None
    except FileNotFoundError:
        skill = f"name the skill itself: {folder / 'SKILL.md'}" if (folder / "SKILL.md").is_file() else None
        raise NotFoundError(f"{folder} holds no template: there is no {FILE}", hint=skill) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}", source=str(file)) from None
    return _Reading(file, raw, data).template(source)


def digest_of(folder: Path, held: Mapping[Path, bytes] = NOTHING) -> str:
    """The sum over all files that may shape a run: another one is another template. ``held`` are files as read."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and shapes_runs(str(path.parent), path.name, str(folder)):
            data = held[path] if path in held else path.read_bytes()
            total.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode(errors="surrogateescape") + data)
    return total.hexdigest()


class _Reading:
    """A walk over one file, which knows where it is when something is wrong."""

    def __init__(self, file: Path, raw: bytes, data: Mapping[str, Any]) -> None:
        self._file = file
        self._raw = raw
        self._data = data

    def _digest(self) -> str:
        try:
            return digest_of(self._file.parent, {self._file: self._raw})
        except OSError as error:
            raise ConfigError(f"{error.filename}: {error.strerror}", source=str(self._file)) from None

    def template(self, source: str) -> Template:
        self._only(self._data, _TOP, "")
        phases = tuple(self._phases())
        self._check_needs(phases)
        output = self._data.get("output", {})
        self._check_schema(output, "output")
        return Template(
            id=self._text("id"),
            version=self._text("version"),
            category=self._text("category"),
            description=self._text("description"),
            folder=self._file.parent,
            tags=self._words(self._data, "tags"),
            requires=self._words(self._data, "requires"),
            parameters=tuple(self._parameters()),
            phases=phases,
            output=output,
            source=source,
            digest=self._digest(),
            overrides=self._data.get("override") is True,
            takes=self._takes(),
            estimate=self._estimate(),
            artifacts=self._words(self._data, "artifacts"),
        )

    def _takes(self) -> tuple[str, ...]:
        found = self._words(self._data, "takes")
        for word in found:
            self._require(word in TAKES, "takes", f"{word!r} is none of {', '.join(TAKES)}")
        return found

    def _estimate(self) -> Mapping[str, str]:
        """Jinja expressions: the tokens of a run, and how many of them are answers."""
        table = self._table(self._data, "estimate")
        self._only(table, ("tokens", "answers"), "estimate")
        for key, value in table.items():
            self._require(isinstance(value, str), f"estimate.{key}", "it must be a text: an expression")
        self._require(not table or "tokens" in table, "estimate.tokens", "it must be a text: an expression")
        return table

    def _parameters(self) -> Iterator[Parameter]:
        for name, table in self._table(self._data, "parameters").items():
            place = f"parameters.{name}"
            self._require(isinstance(table, dict), place, "it must be a table")
            self._only(table, _PARAMETER, place)
            kind = table.get("type")
            self._require(kind in KINDS, f"{place}.type", f"it must be one of {', '.join(KINDS)}")
            constraints = {_CONSTRAINTS[key]: value for key, value in table.items() if key in _CONSTRAINTS}
            self._check_schema({"type": kind, **constraints}, place)
            optional = None if table.get("optional") else REQUIRED
            default = table.get("default", optional)
            yield Parameter(
                name, kind, str(table.get("description", "")), default, self._words(table, "aliases"), constraints
            )

    def _phases(self) -> Iterator[Phase]:
        listed = self._data.get("phases", [])
        self._require(isinstance(listed, list) and listed != [], "phases", "there must be at least one")
        before: tuple[str, ...] = ()
        for number, table in enumerate(listed, 1):
            place = f"phases[{number}]"
            self._require(isinstance(table, dict), place, "it must be a table")
            self._only(table, _PHASE, place)
            works = [key for key in ("run", "prompt", "template") if table.get(key)]
            self._require(len(works) == 1, place, "it has one of run, prompt and template")
            self._require(_is_id(table.get("id")), f"{place}.id", "it must be letters, digits, _ and -")
            self._check_kinds(table, place)
            if "schema" in table:
                self._check_schema(table["schema"], f"{place}.schema")
            needs = self._words(table, "needs") if "needs" in table else before
            yield Phase(**{**table, "needs": needs})
            before = (table["id"],)

    def _check_needs(self, phases: tuple[Phase, ...]) -> None:
        """What a phase needs stands before it, so that there are no circles."""
        done: list[str] = []
        for phase in phases:
            self._require(phase.id not in done, "phases", f"there are two called {phase.id!r}")
            for need in phase.needs:
                near = nearest(need, done)
                meant = f", did you mean {near}?" if near else " before it"
                self._require(need in done, f"phases.{phase.id}.needs", f"there is no phase {need!r}{meant}")
            done.append(phase.id)

    def _check_kinds(self, table: Mapping[str, Any], place: str) -> None:
        """Numbers and texts are what they must be, so that nothing breaks in the middle of a run."""
        for key, (kinds, said, fits) in _KINDS_OF.items():
            value = table.get(key)
            is_right = isinstance(value, kinds) and not isinstance(value, bool) and bool(fits(value))
            self._require(value is None or is_right, f"{place}.{key}", f"it must be {said}")

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        self._require(isinstance(value, str) and value != "", key, "it must be a text")
        return str(value)

    def _words(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        fits = isinstance(value, list) and all(isinstance(word, str) for word in value)
        self._require(fits, key, "it must be a list of texts")
        return tuple(value)

    def _table(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        self._require(isinstance(value, dict), key, "it must be a table")
        found: Mapping[str, Any] = value
        return found

    def _check_schema(self, schema: Any, place: str) -> None:  # noqa: ANN401  # what the file holds
        self._require(isinstance(schema, dict), place, "it must be a JSON Schema")
        try:
            Draft202012Validator.check_schema(schema)
        except WrongSchemaError as error:
            self._require(False, place, f"it is no JSON Schema: {error.message}")

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
        for key in table:
            near = nearest(key, known)
            meant = f"did you mean {near}?" if near else f"it can be {', '.join(known)}"
            self._require(key in known, f"{place}.{key}".lstrip("."), f"there is no such key; {meant}")

    def _require(self, holds: bool, place: str, otherwise: str) -> None:
        if not holds:
            raise ConfigError(f"{self._file}: {place}: {otherwise}", source=str(self._file), key=place)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.replace("-", "_").isascii() and value.replace("-", "_").isidentifier()
