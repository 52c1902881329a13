"""Which key is read for an endpoint, and what a broken file means."""

import pytest

from llmx.core.access import Access
from llmx.core.backends.endpoints import ENDPOINTS
from llmx.core.backends.errors import AuthError
from llmx.core.backends.opening import key_of
from llmx.core.keys.store import add, folder, place, remove, stored
from llmx.errors import ConfigError, InconclusiveError

KEY, OTHER = "sk-proj-" + "Zq8w" * 10, "sk-proj-" + "Yp7v" * 10


@pytest.fixture
def env(home, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return {"HOME": str(home)}


def test_what_is_given_goes_before_the_variable_before_what_is_kept(env):
    groq = ENDPOINTS["groq"]
    with pytest.raises(AuthError, match="none in GROQ_API_KEY") as raised:
        key_of(groq, Access(), env)
    assert raised.value.hint == "llmx keys add groq, or export GROQ_API_KEY=…"
    add("groq", KEY, env)
    assert key_of(groq, Access(), env).value == KEY
    assert key_of(groq, Access(), {**env, "GROQ_API_KEY": OTHER}).value == OTHER
    assert key_of(groq, Access("", OTHER), env).value == OTHER
    elsewhere = groq._replace(base_url="https://elsewhere.test/v1")
    assert key_of(elsewhere, Access(), env).value == ""


def test_a_newer_key_takes_the_place_of_the_older(env):
    add("groq", KEY, env)
    add("groq", OTHER, env)
    assert stored("groq", env).value == OTHER
    assert remove("groq", env)
    assert (stored("groq", env).value, place("groq", env), remove("groq", env)) == ("", "", False)


@pytest.mark.parametrize(
    ("content", "error"), [(b"\xff", InconclusiveError), (b"a b", ConfigError), (b"", ConfigError)]
)
def test_a_file_that_holds_no_key_is_told_by_its_place(env, content, error):
    add("groq", KEY, env)
    with open(f"{folder(env)}/groq", "wb") as file:
        file.write(content)
    with pytest.raises(error, match="keys/groq"):
        stored("groq", env)
