"""Where a key is kept, and that what goes wrong on the way never shows one."""

import sys
import types

import pytest

from llmx.core.keys import Key, checked, find, read
from llmx.errors import ConfigError, InconclusiveError

KEY = "sk-proj-" + "Zq8w" * 10


def test_from_a_variable():
    assert read("env:MY_KEY", {"MY_KEY": KEY}).value == KEY
    with pytest.raises(InconclusiveError, match="MY_KEY, which is not set") as raised:
        read("env:MY_KEY", {})
    assert raised.value.hint == "export MY_KEY=…"


def test_from_a_file_without_the_newline_behind_it(tmp_path, home):
    (tmp_path / "key").write_text(f"{KEY}\n")
    (home / "key").write_text(KEY)
    assert read(f"file:{tmp_path}/key").value == KEY
    assert read("file:~/key").value == KEY


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"a b"])
def test_a_file_that_holds_no_key_is_told_by_its_name(tmp_path, content):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((InconclusiveError, ConfigError)) as raised:
        read(f"file:{path}")
    assert str(path) in raised.value.message


def test_from_the_keyring(monkeypatch):
    keyring = types.ModuleType("keyring")
    stored = {("llmx", "groq"): KEY}
    monkeypatch.setattr(keyring, "get_password", lambda *names: stored.get(names), raising=False)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert read("keyring:groq").value == KEY
    with pytest.raises(InconclusiveError, match="holds no key 'other'"):
        read("keyring:other")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InconclusiveError) as raised:
        read("keyring:groq")
    assert "llmx-toolkit[keyring]" in str(raised.value.hint)


@pytest.mark.parametrize("reference", ["", "env:", KEY, "http://x"])
def test_what_is_no_reference_is_refused_without_showing_it(reference):
    with pytest.raises(ConfigError) as raised:
        read(reference)
    assert KEY not in raised.value.message


def test_the_first_variable_that_is_set_counts():
    env = {"A": "", "B": "b" * 8, "C": "c" * 8}
    assert find(("A", "B", "C"), env) == Key("b" * 8, "env:B")
    assert find((), env) == Key()


def test_a_key_is_not_shown():
    assert KEY not in repr(checked(KEY, "env:X"))
