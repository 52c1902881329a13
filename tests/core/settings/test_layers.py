"""What is wrong in a file is said with its place, its value, what was expected and what was probably meant."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.settings.documents import LARGEST
from llmx.core.settings.layers import parse_layer, read_layer
from llmx.errors import ConfigError

F = "/x/config.toml"


def fault(text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_all(text.encode() if isinstance(text, str) else text)
    return caught.value


def read_all(data: bytes) -> None:
    for entry in parse_layer("user", F, data).entries:
        entry.read()


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        (
            "[exec.isolation]\n\ntimeout = 'abc'\n",
            "exec.isolation.timeout",
            3,
            "exec.isolation.timeout = 'abc': 'abc' is not a time",
        ),
        (
            "exec.isolation.timeout = -1",
            "exec.isolation.timeout",
            1,
            "exec.isolation.timeout = -1: it must be a time such as 90",
        ),
        ("exec.isolation.timeout = nan", "exec.isolation.timeout", 1, "= nan: it must be a time"),
        (
            "a=1\n".replace("a=1", "# c") + "[exec]\nmemory = true",
            "exec.memory",
            3,
            "exec.memory = true: it must be a size",
        ),
        (
            "exec = { isolation = { enabled = 'yes' } }",
            "exec.isolation.enabled",
            1,
            "= 'yes': it must be true or false",
        ),
        ("exec.policy.level = 'sfae'", "exec.policy.level", 1, "it must be one of restricted, safe, privileged"),
        ("llm.temperature = 3", "llm.temperature", 1, "it must be a number from 0 to 2"),
        ("llm.fallback = ['a', 1]", "llm.fallback", 1, "it must be a list of strings"),
        ("exec.grace = { s = 1 }", "exec.grace", 1, "it must be a time"),
        ("[[exec.grace]]\ns = 1", "exec.grace", 1, "it must be a time"),
        ("output = 1979-05-27", "output", 1, "it must be one of text, json"),
    ],
)
@pytest.mark.promise("S0-41")
def test_a_value_that_does_not_fit_is_named_with_its_line(text, key, line, words):
    error = fault(text)
    assert (error.key, error.source) == (key, f"{F}:{line}")
    assert error.message.startswith(f"{F}:{line}: ")
    assert words in error.message


@pytest.mark.parametrize(
    ("text", "key", "line", "hint"),
    [
        ("[exec.isolation]\ntimeuot = 3", "exec.isolation.timeuot", 2, "did you mean exec.isolation.timeout?"),
        ("[exec.nixShell]\nenabled = true", "exec.nixShell", 1, "did you mean exec.nix_shell?"),
        ("exec.wezterm.newWindow = true", "exec.wezterm.newWindow", 1, "did you mean exec.wezterm.new_window?"),
        ("\n\ncapture_bytes = 3", "capture_bytes", 3, "did you mean exec.capture_bytes?"),
        ("[zzzzzzzzzzzzzzzzzzzzzz]", "zzzzzzzzzzzzzzzzzzzzzz", 1, "llmx config show lists the keys"),
        ("[[llm.models]]\nx=1", "llm.models", 1, "did you mean llm.model?"),
        ("'exec.grace' = 3", "'exec.grace'", 1, "did you mean exec.grace?"),
        ("exec.grace = 5\nexec.'' = 3", "exec.''", 2, None),
    ],
)
@pytest.mark.promise("S0-41")
def test_an_unknown_key_gets_the_nearest_one(text, key, line, hint):
    error = fault(text)
    assert f"unknown key {key}" in error.message
    assert error.source == f"{F}:{line}"
    assert hint is None or hint in (error.hint or "")


@pytest.mark.parametrize("text", ["exec = 3", "exec = []", "exec.isolation = 'x'"])
def test_a_value_in_the_place_of_a_section_is_refused(text):
    error = fault(text)
    assert "is a section, not a value" in error.message
    assert "such as exec." in (error.hint or "")


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ("a = 1\nb = ", ":2:", ""),
        ("a = 1\n= 2\n", ":2:1:", ""),
        ("a = 1\na = 2", ":2:", ""),
        ("a = '", ":1:", ""),
        ("x", ":1:", ""),
        (b"a = 1\nb = '\xff'", ":2:", "not UTF-8"),
        (b"a\x00 = 1", ":1:", ""),
        ("a = " + "[" * 100_000, "", "nested too deeply"),
        ("a = " + "9" * 10_000, "", "number in it is too long"),
        (b"#" * (LARGEST + 1), "", "larger than"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(data, place, words):
    error = fault(data)
    assert error.message.startswith(F + place)
    assert words in error.message


@pytest.mark.parametrize(
    "text", ["llm.api_key = 'sk-live-123'", "llm.api_key = ['sk-live-123']", "llm.api_key = { k = 'sk-live-123' }"]
)
def test_a_literal_key_is_refused_and_never_repeated(text):
    error = fault(text)
    assert "sk-live" not in f"{error.message}{error.hint}"
    assert "llmx keys add" in (error.hint or "")


def test_an_unknown_key_never_shows_its_value():
    error = fault("llm.apikey = 'sk-live-123'")
    assert "sk-live" not in f"{error.message}{error.hint}"
    assert error.hint == "did you mean llm.api_key?"


def test_nothing_in_a_file_can_steer_the_terminal():
    for text in (r'"\u001b[2J" = 1', r'exec.grace = "\u001b[2J"', r'exec.policy.level = "\u202e"'):
        assert fault(text).message.isprintable()
    with pytest.raises(ConfigError) as caught:
        parse_layer("project", "/tmp/\x1b[2J/llmx.toml", b"x")
    assert caught.value.message.isprintable()


def test_a_long_value_is_cut():
    assert len(fault(f"output = '{'x' * 5000}'").message) < 250


def test_a_byte_order_mark_and_windows_line_ends_are_fine():
    layer = parse_layer("user", F, b"\xef\xbb\xbf# c\r\nexec.grace = 3\r\n")
    assert [(entry.name, entry.read(), entry.source.line) for entry in layer.entries] == [("exec.grace", 3.0, 2)]


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        read_layer("config", str(tmp_path))
    with pytest.raises(ConfigError, match="No such file"):
        read_layer("config", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="null byte"):
        read_layer("config", "a\0b")


def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="it is a pipe"):
        read_layer("config", str(tmp_path / "pipe"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_layer_or_a_config_error(data):
    message = F
    try:
        read_all(data)
    except ConfigError as error:
        message = error.message
    assert message.startswith(F)
    assert message.isprintable()
