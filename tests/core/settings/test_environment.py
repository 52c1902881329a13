"""Variables set keys by their exact names, with the same reading as files."""

import pytest

from llmx.core.settings.environment import OLDER, VARIABLES
from llmx.core.settings.keys import BY_NAME, SETTINGS
from llmx.errors import ConfigError

TEXTS = {
    "bool": ("false", False),
    "int": ("3", 3),
    "number": ("0.5", 0.5),
    "string": ("some words", "some words"),
    "list": ("a, b", ("a", "b")),
    "duration": ("1m", 60.0),
    "size": ("2K", 2048),
    "reference": ("file:/k", "file:/k"),
}


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.name != "profile"], ids=lambda setting: setting.name)
@pytest.mark.promise("S2-05")
def test_every_key_can_be_set(machine, setting):
    text, value = TEXTS.get(setting.kind) or (setting.choices[-1], setting.choices[-1])
    machine.env[setting.variable] = text
    merged = machine.merged()
    assert merged.values[setting.name] == value
    assert merged.sources[setting.name].variable == setting.variable
    assert machine.active().values == merged.values


def test_the_profile_is_set_by_its_variable(machine):
    machine.env["LLMX_PROFILE"] = "ci"
    assert machine.active()["exec.isolation.timeout"] == 600.0
    assert machine.active()["profile"] == "ci"


def test_a_variable_goes_over_every_file(machine):
    machine.write("config", "exec.grace = 1")
    machine.env["LLMX_EXEC__GRACE"] = "2"
    assert machine.active(config=True)["exec.grace"] == 2.0


def test_an_empty_variable_says_nothing(machine):
    machine.env |= {"LLMX_EXEC__GRACE": "", "LLMX_PROFILE": "", "LLMX_CONFIG": "", "LLMX_TRUST": "", "LLM_MODEL": ""}
    assert machine.active()["exec.grace"] == 5.0


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("LLMX_EXEC__ISOLATION__TIMEUOT", "LLMX_EXEC__ISOLATION__TIMEOUT"),
        ("LLMX_EXEC__ISOLATION_TIMEOUT", "LLMX_EXEC__ISOLATION__TIMEOUT"),
        ("LLMX_exec__grace", "LLMX_EXEC__GRACE"),
        ("LLMX_LLM__APIKEY", "LLMX_LLM__API_KEY"),
    ],
)
def test_a_name_that_stands_for_no_key_is_an_error_with_the_nearest(machine, name, near):
    machine.env[name] = "sk-secret"
    with pytest.raises(ConfigError) as caught:
        machine.active()
    assert (caught.value.source, caught.value.hint) == (name, f"did you mean {near}?")
    assert "sk-secret" not in caught.value.message


def test_a_name_like_nothing_gets_the_rule(machine):
    machine.env["LLMX_QQQQQQQQ__WWWWWWWWWWWWWWWWWWWWWWWWWWW"] = "1"
    with pytest.raises(ConfigError) as caught:
        machine.active()
    assert "LLMX_EXEC__GRACE" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("LLMX_EXEC__ISOLATION__TIMEOUT", "abc", "'abc' is not a time"),
        ("LLMX_EXEC__ISOLATION__ENABLED", "perhaps", "it must be true or false"),
        ("LLMX_EXEC__POLICY__LEVEL", "\x1b[2J", "it must be one of"),
        ("LLMX_LLM__MAX_TOKENS", "0", "a whole number of at least 1"),
    ],
)
def test_a_text_that_does_not_fit_is_an_error_with_the_variable(machine, name, text, words):
    machine.env[name] = text
    with pytest.raises(ConfigError) as caught:
        machine.active()
    assert caught.value.source == name
    assert caught.value.key == VARIABLES[name].name
    assert words in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("name", ["LLMX_DEBUG", "LLMX_TRACE", "LLMX_ALLOW_MOCK_FALLBACK", "LLMX_RUN"])
def test_other_names_without_sections_say_nothing(machine, name):
    machine.env[name] = "1"
    assert machine.active().notices == []


def test_a_likely_misspelling_of_one_is_told(machine):
    machine.env["LLMX_PROFIL"] = "ci"
    assert machine.active().notices == ["LLMX_PROFIL is ignored: llmx has no such variable; did you mean LLMX_PROFILE?"]


class TestOlderNames:
    @pytest.mark.parametrize(("name", "key"), OLDER.items())
    def test_each_sets_its_key(self, machine, name, key):
        text, value = TEXTS[BY_NAME[key].kind]
        machine.env[name] = text
        assert machine.active()[key] == value
        assert machine.merged().sources[key].variable == name

    def test_llmx_goes_before_llm_before_autobot(self, machine):
        machine.env["AUTOBOT_LLM_MODEL"] = "c"
        assert machine.active()["llm.model"] == "c"
        machine.env["LLM_MODEL"] = "b"
        assert machine.active()["llm.model"] == "b"
        machine.env["LLMX_LLM__MODEL"] = "a"
        found = machine.active()
        assert found["llm.model"] == "a"
        assert found.notices == [
            "AUTOBOT_LLM_MODEL is ignored: LLM_MODEL says otherwise and goes first",
            "LLM_MODEL is ignored: LLMX_LLM__MODEL says otherwise and goes first",
        ]

    def test_two_that_agree_are_not_worth_a_word(self, machine):
        machine.env |= {
            "AUTOBOT_LLM_TIMEOUT": "60",
            "LLM_TIMEOUT": "1m",
            "LLM_API_KEY": "k",
            "AUTOBOT_LLM_API_KEY": "k",
        }
        assert machine.active().notices == []

    def test_a_name_that_another_tool_uses_otherwise_stops_no_command_that_calls_no_model(self, machine):
        machine.env |= {"LLM_TIMEOUT": "soon", "LLM_USER_PATH": "/x", "LLM_": "y", "AUTOBOT_X": "z", "LLM__MODEL": "q"}
        found = machine.active(lenient=True)
        assert found["llm.timeout"] == 30.0
        assert [notice.split(" is ignored")[0] for notice in found.notices] == ["LLM_TIMEOUT='soon'"]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("LLM_TIMEOUT", "soon"),
            ("LLM_TEMPERATURE", "hot"),
            ("LLM_MAX_TOKENS", "-1"),
            ("LLM_ENABLE_CACHE", "perhaps"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_with_its_variable(self, machine, name, text):
        machine.env[name] = text
        with pytest.raises(ConfigError, match=f"{name}='{text}' does not fit llm\\.") as caught:
            machine.active()
        assert (caught.value.source, caught.value.exit_code) == (name, 2)

    def test_an_older_tools_value_that_does_not_fit_is_told_and_left(self, machine):
        machine.env["AUTOBOT_LLM_TIMEOUT"] = "soon"
        assert machine.active()["llm.timeout"] == 30.0
        assert [notice.split(" is ignored")[0] for notice in machine.active().notices] == ["AUTOBOT_LLM_TIMEOUT='soon'"]

    @pytest.mark.parametrize("name", ["LLMX_LLM__API_KEY", "LLM_API_KEY", "AUTOBOT_LLM_API_KEY"])
    def test_a_key_stays_in_its_variable(self, machine, name):
        machine.env[name] = "sk-live-123"
        assert machine.active()["llm.api_key"] == f"env:{name}"
