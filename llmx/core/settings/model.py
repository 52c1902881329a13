"""The whole of the settings as one pydantic model, made from the table of keys; its schema is the published one."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, WithJsonSchema, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llmx.core.plugins import load
from llmx.core.quantities import parse_duration, parse_size
from llmx.core.settings.keys import SETTINGS, Setting
from llmx.core.settings.kinds import is_reference
from llmx.core.settings.writing import nested

_LONGEST = parse_duration("36500d")
_LARGEST = 2**63 - 1


class Root(BaseSettings):
    """What every settings model has: it takes what it is given, and reads no variable behind the merger's back."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, title="llmx settings")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: object, **others: object
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@cache
def model() -> type[Root]:
    """The model: sections are nested models, values have the types of ``keys.py``."""
    tree = nested((setting.name, setting) for setting in SETTINGS)
    return create_model("Llmx", __base__=Root, **_fields(tree))


def validated(values: Mapping[str, object]) -> Root:
    """The merger's values as the model; raises pydantic's ``ValidationError`` for what the merger should not give."""
    return model()(**nested(values.items()))


def schema() -> dict[str, Any]:
    """JSON Schema of a settings file."""
    described = model().model_json_schema(ref_template="#/$defs/{model}")
    for part in (described, *described.get("$defs", {}).values()):
        for field in part.get("properties", {}).values():
            if field.get("default", ...) is None:
                del field["default"]  # unset; TOML has no word for it
    described["properties"] |= load("llmx.core.source.schema:TABLES")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _fields(tree: Mapping[str, object], above: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, member in tree.items():
        if isinstance(member, Setting):
            fields[name] = (_type(member), Field(default=member.default, description=member.help))
        elif isinstance(member, dict):
            title = above + name.title().replace("_", "")
            config = ConfigDict(extra="forbid", frozen=True, title=title)
            section = create_model(title, __config__=config, **_fields(member, title))
            fields[name] = (section, Field(default_factory=section))
    return fields


def _type(setting: Setting) -> object:
    plain = _PLAIN[setting.kind](setting)
    return plain if setting.default is not None else Annotated[plain | None, WithJsonSchema(_json_type(setting))]


def _number(setting: Setting) -> Any:  # noqa: ANN401 - a type made at run time
    return Annotated[float, _bounds(setting, -_LONGEST, _LONGEST)]


def _whole(setting: Setting) -> Any:  # noqa: ANN401
    return Annotated[int, _bounds(setting, -_LARGEST, _LARGEST)]


def _duration(setting: Setting) -> Any:  # noqa: ANN401
    read = BeforeValidator(_parsed(parse_duration))
    return Annotated[float, _bounds(setting, 0, _LONGEST), read, WithJsonSchema(_json_type(setting))]


def _size(setting: Setting) -> Any:  # noqa: ANN401
    read = BeforeValidator(_parsed(parse_size))
    return Annotated[int, _bounds(setting, 0, _LARGEST), read, WithJsonSchema(_json_type(setting))]


def _bounds(setting: Setting, least: float, most: float) -> Any:  # noqa: ANN401 - what pydantic's Field returns
    """The setting's own bounds, else these."""
    ge = least if setting.least is None else setting.least
    return Field(ge=ge, le=most if setting.most is None else setting.most, strict=True)


_PLAIN: dict[str, Callable[[Setting], Any]] = {
    "bool": lambda setting: StrictBool,
    "string": lambda setting: StrictStr,
    "int": _whole,
    "number": _number,
    "duration": _duration,
    "size": _size,
    "list": lambda setting: Annotated[tuple[StrictStr, ...], WithJsonSchema(_json_type(setting))],
    "choice": lambda setting: Literal[setting.choices],
    "reference": lambda setting: Annotated[StrictStr, BeforeValidator(_reference), WithJsonSchema(_json_type(setting))],
}


def _json_type(setting: Setting) -> dict[str, Any]:
    """The JSON Schema of one value, where pydantic's own would say less than is true."""
    bounds = {"minimum": setting.least, "maximum": setting.most}
    match setting.kind:
        case "duration":
            text = {"type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(d|h|m|s|ms))+)\s*$"}
            return {"anyOf": [{"type": "number", "minimum": 0, "maximum": setting.most or _LONGEST}, text]}
        case "size":
            text = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?([kKmMgGtT]([iI]?[bB])?|[bB])?\s*$"}
            return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": setting.most or _LARGEST}, text]}
        case "reference":
            return {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|(file|keyring):.*\\S.*)$"}
        case "list":
            return {"type": "array", "items": {"type": "string"}}
        case "choice":
            return {"type": "string", "enum": list(setting.choices)}
    kind = {"int": "integer", "number": "number"}.get(setting.kind, "string")
    return {"type": kind} | {name: bound for name, bound in bounds.items() if bound is not None}


def _parsed(parse: Callable[[str], object]) -> Callable[[object], object]:
    return lambda value: parse(value) if isinstance(value, str) else value


def _reference(value: object) -> object:
    if isinstance(value, str) and not is_reference(value):
        raise ValueError("it must be env:NAME, file:PATH or keyring:NAME")
    return value
