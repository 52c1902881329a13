"""The pydantic model and the merger read the same from any layers, and the published schema takes what they take."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, TomlConfigSettingsSource

from llmx.core.settings.keys import BY_NAME, SETTINGS, Setting, defaults
from llmx.core.settings.kinds import read_value
from llmx.core.settings.model import model, schema, validated
from llmx.core.settings.writing import example as example_text
from llmx.core.settings.writing import nested
from llmx.errors import ConfigError

LAYERS = ("system", "user", "project", "config")
KEYS = [setting for setting in SETTINGS if setting.name not in ("profile", "exec.policy.lock")]
FORBIDDING = ("exec.policy.deny", "exec.policy.ask", "exec.protect")
"""Lists that files add to; pydantic-settings takes the topmost."""
READ_AS: dict[str, TypeAdapter[Any]] = {
    "bool": TypeAdapter(bool),
    "int": TypeAdapter(int),
    "number": TypeAdapter(float),
}


class Variables(EnvSettingsSource):
    """pydantic-settings' own reading of nested variables, its leaves turned from text by pydantic's lax rules."""

    def __call__(self) -> dict[str, Any]:
        return self.typed(super().__call__(), "")

    def typed(self, tree: dict[str, Any], above: str) -> dict[str, Any]:
        return {
            name: self.typed(value, f"{above}{name}.")
            if isinstance(value, dict)
            else self.leaf(f"{above}{name}", value)
            for name, value in tree.items()
        }

    def leaf(self, key: str, text: str) -> object:
        kind = BY_NAME[key].kind
        return READ_AS[kind].validate_python(text) if kind in READ_AS else text

    def decode_complex_value(self, field_name, field, value):
        return value.split(",")


def second_reading(files: list[Path], profile: dict[str, Any]) -> BaseSettings:
    """The same layers read by pydantic-settings alone."""

    class Reading(model()):  # type: ignore[misc]  # made at run time
        @classmethod
        def settings_customise_sources(cls, settings_cls, init_settings, *_, **__):
            variables = Variables(settings_cls, env_prefix="LLMX_", env_nested_delimiter="__")
            tables = [TomlConfigSettingsSource(settings_cls, toml_file=file) for file in files]
            return (variables, *tables, InitSettingsSource(settings_cls, profile))

    return Reading()


def flat(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


WORDS = st.text("abc/:. é-", max_size=6)


WRITTEN: dict[str, st.SearchStrategy[object]] = {
    "bool": st.booleans(),
    "list": st.lists(WORDS, max_size=3),
    "duration": st.integers(0, 10**6)
    | st.integers(1, 10**6).map(lambda ms: ms / 1000)
    | st.sampled_from(["10m", "1h30m", "250ms", "0", "1.5"]),
    "size": st.integers(0, 2**26) | st.sampled_from(["64M", "5MiB", "50MB", "0", "1.5K"]),
    "reference": st.sampled_from(["env:A_KEY", "file:~/k", "keyring:x"]),
    "string": WORDS,
    "number": st.integers(0, 100) | st.floats(0, 100),
}


def written_values(setting: Setting) -> st.SearchStrategy[Any]:
    """Values as a file may write them."""
    if setting.least is not None and setting.most is not None:
        return st.floats(setting.least, setting.most) | st.integers(int(setting.least), int(setting.most))
    if setting.kind == "int":
        return st.integers(int(setting.least or 0), 1000)
    return st.sampled_from(setting.choices) if setting.kind == "choice" else WRITTEN[setting.kind]


def texts(setting: Setting) -> st.SearchStrategy[str]:
    """Values as a variable may write them."""
    match setting.kind:
        case "bool":
            return st.sampled_from(["true", "false", "TRUE", "yes", "no", "on", "off", "1", "0"])
        case "list":
            return st.lists(st.text("abc", min_size=1), min_size=1, max_size=3).map(",".join)
        case "string":
            return WORDS.filter(str)
    return written_values(setting).map(str)


LAYER = st.lists(st.sampled_from(KEYS), max_size=5, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({setting.name: written_values(setting) for setting in chosen})
)
VARIABLES = st.lists(st.sampled_from(KEYS), max_size=4, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({setting.variable: texts(setting) for setting in chosen})
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(dict.fromkeys(LAYERS, LAYER)), VARIABLES, st.sampled_from([None, "ci", "pi"]))
def test_both_read_the_same_from_any_layers(machine, monkeypatch, layers, variables, profile):
    for name, keys in layers.items():
        allowed = {key: value for key, value in keys.items() if name != "project" or BY_NAME[key].scope == "inert"}
        machine.write(name, tomli_w.dumps(nested(allowed.items())))
    machine.env = {name: value for name, value in machine.env.items() if not name.startswith("LLMX_")} | variables
    merged = machine.merged(config=True, profile=profile)
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        base = tomllib.loads(profile_text(profile)) if profile else {}
        base.pop("description", None)
        read = second_reading([machine.files[name] for name in reversed(LAYERS)], base)
    second = dict(flat(read.model_dump())) | {"profile": profile}
    for key in FORBIDDING:
        if BY_NAME[key].variable not in variables:
            joined: list[str] = []
            for name in ("system", "user", "config"):
                joined += [word for word in layers[name].get(key, ()) if word not in joined]
            second[key] = tuple(joined)
    assert second == merged.values
    assert dict(flat(validated(merged.values).model_dump())) == merged.values
    assert machine.active(config=True, profile=profile).values == merged.values


def profile_text(name: str) -> str:
    return (Path(__file__).parents[3] / "llmx" / "data" / "profiles" / f"{name}.toml").read_text()


ANYTHING = (
    st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["10m", "1m1h", "2GiB", "1P", "env:X", "env:1", "file:", "safe", "json", "", " 5 ", "1h5", "5h5h"]
    )
    | st.lists(st.text(max_size=3) | st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=1)
)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(SETTINGS), ANYTHING)
@example(BY_NAME["exec.max_procs"], True)
@example(BY_NAME["llm.temperature"], 1)
@example(BY_NAME["exec.grace"], "0.00000001")
@example(BY_NAME["exec.memory"], 2**63)
@example(BY_NAME["exec.memory"], "8T")
@example(BY_NAME["exec.capture_bytes"], "65M")
def test_both_take_and_refuse_the_same_values(setting, value):
    ours, theirs = taken(lambda: read_value(setting, value)), taken(lambda: model_value(setting, value))
    assert ours == theirs
    if ours is not None:
        jsonschema.validate(nested([(setting.name, value)]), SCHEMA)


def taken(read: Callable[[], object]) -> tuple[object, type] | None:
    try:
        value = read()
    except (ValueError, ValidationError):
        return None
    return value, type(value)


def model_value(setting: Setting, value: object) -> object:
    tree = dict(flat(model()(**nested([(setting.name, value)])).model_dump()))
    return tree[setting.name]


SCHEMA = schema()


def test_the_model_takes_the_defaults_and_nothing_it_does_not_know():
    assert dict(flat(validated(defaults()).model_dump())) == defaults()
    for extra in ("nothing", "exec.nothing", "exec.isolation.nothing"):
        with pytest.raises(ValidationError):
            validated({**defaults(), extra: 1})


def test_the_model_reads_no_variable_by_itself(monkeypatch):
    monkeypatch.setenv("EXEC", "{}")
    monkeypatch.setenv("OUTPUT", "json")
    assert dict(flat(validated({}).model_dump()))["output"] == "text"


class TestSchema:
    def test_it_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        json.dumps(SCHEMA)

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_every_key_is_in_it_with_its_words_and_default(self, setting):
        found = property_of(setting.name)
        assert found["description"] == setting.help
        expected = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        assert found.get("default") == expected

    @pytest.mark.parametrize("text", ["nothing = 1", "exec.nothing = 1", "[exec.isolation]\nx = 1", "exec = 1"])
    def test_it_allows_no_other_key(self, text):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(text), SCHEMA)


def property_of(name: str):
    node = SCHEMA
    for part in name.split("."):
        node = node["properties"][part]
        if "$ref" in node:
            node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    return node


class TestExample:
    def test_the_shipped_one_is_current(self):
        shipped = Path(__file__).parents[3] / "examples" / "llmx.toml"
        assert shipped.read_text(encoding="utf-8") == example_text()

    def test_it_sets_nothing_as_it_is(self):
        assert dict(flat(tomllib.loads(example_text()))) == {}
        jsonschema.validate(tomllib.loads(example_text()), SCHEMA)

    def test_with_the_marks_taken_off_it_sets_every_key_to_its_default(self, machine):
        lines = example_text().splitlines()
        bare = "\n".join(line.removeprefix("# ") if " = " in line and is_setting(line) else line for line in lines)
        jsonschema.validate(tomllib.loads(bare), SCHEMA)
        machine.write("user", bare.replace('profile = "development"', ""))
        merged = machine.merged()
        assert {name for name, source in merged.sources.items() if source.layer == "user"} == set(BY_NAME) - {"profile"}
        for setting in SETTINGS:
            if setting.default is not None:
                assert merged.values[setting.name] == setting.default


def is_setting(line: str) -> bool:
    return line.removeprefix("# ").partition(" = ")[0] in {name.rpartition(".")[2] for name in BY_NAME}


def test_a_config_error_is_raised_where_the_model_would_refuse(machine):
    machine.write("user", "exec.grace = 'soon'")
    with pytest.raises(ConfigError):
        machine.merged()
    with pytest.raises(ValidationError):
        validated({"exec.grace": "soon"})
