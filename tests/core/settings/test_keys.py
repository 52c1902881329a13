"""The table of keys is sound: every default fits its own kind, every key says what it is for."""

import re

import pytest

from llmx.core.settings.keys import BY_NAME, SETTINGS, defaults
from llmx.core.settings.kinds import expected, read_text, read_value


def test_no_two_keys_share_a_name_or_a_variable():
    assert len(BY_NAME) == len(SETTINGS)
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)


def test_no_key_is_a_section_of_another():
    assert not [(a, b) for a in BY_NAME for b in BY_NAME if b.startswith(f"{a}.")]


LOCKED = {
    *("exec.policy.lock", "exec.policy.allow", "exec.write", "exec.read", "exec.env_allow"),
    *("exec.connect", "exec.publish", "exec.mechanism"),
    *("logging.max_bytes", "logging.max_age_days", "logging.keep"),
}
"""Keys of the user alone that a lock holds."""


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
class TestEachKey:
    def test_its_name_and_help_read_well(self, setting):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)*", setting.name)
        assert re.fullmatch(r"[A-Z].*\.", setting.help)

    def test_its_default_is_a_value_of_its_own(self, setting):
        if setting.default is not None:
            default = setting.default
            assert read_value(setting, list(default) if isinstance(default, tuple) else default) == default

    def test_only_keys_that_a_project_may_tighten_or_a_lock_may_hold_have_a_strict_side(self, setting):
        assert bool(setting.stricter) == (setting.scope == "tighten" or setting.name in LOCKED)
        assert bool(setting.choices) == (setting.kind == "choice")

    def test_nonsense_does_not_fit_it(self, setting):
        everything: list[object] = [{}, [1], float("nan"), None, -(2**70)]
        for nonsense in everything:
            with pytest.raises(ValueError, match=re.escape(expected(setting))):
                read_value(setting, nonsense)


def test_defaults_are_a_dict_of_the_callers_own():
    defaults().clear()
    assert defaults()["exec.isolation.timeout"] == 300.0


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("exec.isolation.enabled", True),
        ("exec.isolation.timeout", 300.0),
        ("exec.nix_shell.enabled", True),
        ("exec.nix_shell.sandbox", True),
        ("exec.wezterm.new_window", True),
        ("exec.wezterm.monitor", True),
        ("agents_md.enabled", True),
        ("agents_md.auto_update", True),
        ("logging.max_bytes", 10 * 1024**2),
        ("logging.max_age_days", 7),
    ],
)
def test_the_defaults_that_were_promised_hold(key, default):
    assert defaults()[key] == default


READ = [
    ("exec.isolation.enabled", "yes", True),
    ("exec.isolation.enabled", "OFF", False),
    ("exec.isolation.enabled", "0", False),
    ("exec.isolation.timeout", "10m", 600.0),
    ("exec.memory", "2GiB", 2 * 1024**3),
    ("exec.max_procs", "64", 64),
    ("llm.temperature", "0", 0.0),
    ("llm.temperature", "0.7", 0.7),
    ("exec.env_allow", "A, B,,C", ("A", "B", "C")),
    ("exec.policy.level", "restricted", "restricted"),
    ("llm.api_key", "env:OPENAI_API_KEY", "env:OPENAI_API_KEY"),
    ("llm.api_key", "file:~/.keys/openai", "file:~/.keys/openai"),
    ("llm.model", "true", "true"),
]


@pytest.mark.parametrize(("key", "text", "value"), READ)
def test_text_is_read_by_the_kind_of_its_key(key, text, value):
    found = read_text(BY_NAME[key], text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("exec.isolation.enabled", "maybe"),
        ("exec.isolation.enabled", ""),
        ("exec.isolation.timeout", "abc"),
        ("exec.isolation.timeout", "-5"),
        ("exec.memory", "lots"),
        ("exec.max_procs", "1.5"),
        ("exec.max_procs", "-1"),
        ("exec.max_procs", "1_000"),
        ("logging.max_age_days", "0"),
        ("llm.temperature", "2.1"),
        ("llm.temperature", "nan"),
        ("llm.top_p", "inf"),
        ("exec.policy.level", "Safe"),
        ("llm.api_key", "sk-abcdef"),
        ("llm.api_key", "env:"),
        ("llm.api_key", "env:sk-abcdef"),
        ("llm.api_key", "file: "),
        ("llm.api_key", "http:x"),
    ],
)
def test_text_that_does_not_fit_is_refused(key, text):
    with pytest.raises(ValueError):
        read_text(BY_NAME[key], text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exec.isolation.enabled", "true"),
        ("exec.isolation.enabled", 1),
        ("exec.isolation.timeout", True),
        ("exec.memory", 1.5),
        ("exec.max_procs", "64"),
        ("llm.temperature", "0.7"),
        ("exec.env_allow", "A"),
        ("exec.env_allow", ["A", 1]),
        ("llm.model", 7),
    ],
)
def test_a_file_must_give_the_type_itself(key, value):
    with pytest.raises(ValueError):
        read_value(BY_NAME[key], value)
