"""``llmx keys``: where a key goes, that nobody sees it, and that calls use it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.backends.endpoints import ENDPOINTS
from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import ModelServer

KEY = "sk-proj-" + "Zq8w" * 10
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch, tmp_path):
    for endpoint in ENDPOINTS.values():
        for name in endpoint.variables:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def keyring(monkeypatch, tmp_path):
    """A keyring, and what is in it."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.core.keys.a_keyring.FileKeyring")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    file = tmp_path / "keyring.json"
    monkeypatch.setenv("KEYRING_FILE", str(file))
    return lambda: json.loads(file.read_text())


def keys(*words, stdin="", command="keys"):
    argv = [sys.executable, "-m", "llmx", command, *words]
    return forked.run(argv, input=stdin, text=True)


def facts(*words, **more):
    done = keys(*words, "--output", "json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.promise("S2-06")
def test_a_key_from_stdin_goes_into_a_file_that_only_its_owner_can_read(home):
    done = keys("add", "groq", stdin=f"{KEY}\n")
    file = home / ".config/llmx/keys/groq"
    assert (done.returncode, done.stdout) == (0, "")
    assert str(file) in done.stderr
    assert KEY not in done.stderr
    assert file.read_text() == f"{KEY}\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert os.listdir(file.parent) == ["groq"]


@pytest.mark.promise("S2-06")
def test_the_list_masks_the_keys_and_says_where_they_come_from(monkeypatch, home):
    assert facts("list") == []
    assert "llmx keys add NAME" in keys("list").stderr
    keys("add", "groq", stdin=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "short")
    assert facts("list") == [
        {"name": "openai", "source": "env:OPENAI_API_KEY", "masked": "…", "error": None},
        {"name": "groq", "source": f"file:{home}/.config/llmx/keys/groq", "masked": f"…{KEY[-4:]}", "error": None},
    ]
    shown = keys("list").stdout
    assert "the variable OPENAI_API_KEY" in shown
    assert KEY[:8] not in shown


@pytest.mark.promise("S2-06")
def test_a_removed_key_is_gone(home):
    keys("add", "groq", stdin=KEY)
    assert facts("remove", "groq") == {"name": "groq", "removed": True}
    assert not (home / ".config/llmx/keys/groq").exists()
    again = keys("remove", "groq")
    assert again.returncode == 4
    assert "no key is kept for groq" in again.stderr


def test_where_there_is_a_keyring_the_key_goes_there(keyring, home):
    assert facts("add", "groq", stdin=KEY) == {"name": "groq", "source": "keyring:groq"}
    assert keyring() == {"llmx/groq": KEY}
    assert (home / ".config/llmx/keys/groq").read_text() == "keyring:groq\n"
    assert facts("list")[0]["masked"] == f"…{KEY[-4:]}"
    assert keys("remove", "groq").returncode == 0
    assert keyring() == {}


def test_a_key_that_is_gone_from_its_keyring_is_told(keyring, tmp_path):
    keys("add", "groq", stdin=KEY)
    (tmp_path / "keyring.json").unlink()
    assert "holds no key 'groq'" in facts("list")[0]["error"]
    assert keys("list").returncode == 0
    asked = keys("hi", "--model", "groq/x", command="generate")
    assert asked.returncode == 3
    assert "holds no key 'groq'" in asked.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        (["add", "grok"], KEY, 2, "did you mean groq?"),
        (["add", "groq"], "", 2, "is no key"),
        (["add", "groq"], "a b", 2, "is no key"),
        (["add", "groq", KEY], "", 2, "does not go on the command line"),
        (["add"], KEY, 2, "missing argument"),
        (["remove", "mock"], "", 2, "no backend 'mock'"),
    ],
)
def test_what_is_no_key_or_no_endpoint_is_refused_and_nothing_kept(home, words, stdin, code, said):
    done = keys(*words, stdin=stdin)
    assert done.returncode == code
    assert said in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert not (home / ".config/llmx/keys").exists()


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(home):
    main, side = pty.openpty()
    argv = [sys.executable, "-m", "llmx", "keys", "add", "groq"]
    with subprocess.Popen(argv, stdin=side, stdout=side, stderr=side, start_new_session=True) as running:
        os.close(side)
        seen = b""
        while b"not shown" not in seen:
            seen += os.read(main, 4096)
        os.write(main, KEY.encode() + b"\n")
        try:
            while piece := os.read(main, 4096):
                seen += piece
        except OSError:
            pass
    os.close(main)
    assert running.returncode == 0, seen
    assert KEY.encode() not in seen
    assert (home / ".config/llmx/keys/groq").read_text() == f"{KEY}\n"


@pytest.mark.promise("S2-11")
def test_a_call_takes_a_key_that_is_kept_only_to_the_endpoints_own_url(monkeypatch):
    keys("add", "openai", stdin=KEY)
    with ModelServer() as server:
        server.answer(recorded.streamed(recorded.chat(["x"])))
        monkeypatch.setenv("LLM_MODEL", "m")
        assert keys("hi", "--backend", "openai", "--api-base", server.url, command="generate").returncode == 0
        assert "authorization" not in server.asked[0].headers


def test_the_list_of_backends_tells_of_a_key_that_is_kept():
    assert not has_key("openai")
    keys("add", "openai-responses", stdin=KEY)
    assert has_key("openai")
    assert has_key("openai-responses")


def has_key(name):
    rows = json.loads(keys("list", "--output", "json", command="backend").stdout)
    return {row["name"]: row["has_key"] for row in rows}[name]
