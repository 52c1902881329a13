"""``llmx session``: what is kept can be looked at, closed, opened again, taken elsewhere and removed."""

import json
import sys

import pytest

from llmx.core.events import Usage
from llmx.core.messages import assistant, user
from llmx.sessions import Artifact
from llmx.sessions.store import Store
from tests import forked


def llmx(*words, text=None):
    command = [sys.executable, "-m", "llmx", "session", *words]
    return forked.run(command, input=text, text=True)


@pytest.fixture
def work():
    """A session with a question, an answer and an artifact."""
    store = Store()
    session = store.create("work")
    store.append(session.id, user("hello\x1b[2J"))
    store.append(session.id, assistant("hi\nthere"), model="qwen", usage=Usage(3, 4))
    store.put_artifact(session.id, Artifact("notes.md", "text/markdown", b"x"))
    yield session
    store.close()


@pytest.mark.promise("S2-67")
def test_a_session_is_listed_and_shown_with_its_messages_in_order(work):
    (listed,) = json.loads(llmx("list", "--output", "json").stdout)
    assert (listed["name"], listed["messages"], listed["tokens"], listed["state"]) == ("work", 2, 7, "active")
    assert "active        2 messages        7 tokens  work" in llmx("list").stdout
    shown = json.loads(llmx("show", "work", "--output", "json").stdout)
    assert [(turn["role"], turn["parts"][0][1]) for turn in shown["messages"]] == [
        ("user", "hello\x1b[2J"),
        ("assistant", "hi\nthere"),
    ]
    text = llmx("show", "work").stdout
    assert "[user]\nhello\\x1b[2J\n\n[assistant] qwen\nhi\nthere\n\nartifact notes.md, text/markdown, 1 bytes" in text
    assert "\x1b" not in text


@pytest.mark.promise("S2-67")
def test_the_states_a_session_can_be_in(work):
    for word, state in (("suspend", "suspended"), ("complete", "completed"), ("resume", "active")):
        ran = llmx(word, "work")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(llmx("list", "--output", "json").stdout)[0]["state"] == state
    assert "go on with: llmx generate --session work …" in ran.stdout


def test_deleting_names_all_or_removes_none(work):
    ran = llmx("delete", "work", "wrok")
    assert (ran.returncode, ran.stderr) == (4, "error: there is no session 'wrok'\nhint: did you mean work?\n")
    assert llmx("delete", "work").returncode == 0
    assert llmx("list").stdout == ""


def test_what_has_no_name_is_collected(work):
    Store().create()
    assert llmx("gc").stdout == "removed 0 sessions without a name\n"
    assert len(json.loads(llmx("gc", "--older-than", "0", "--output", "json").stdout)) == 1
    assert len(json.loads(llmx("list", "--output", "json").stdout)) == 1


def test_a_session_goes_through_a_file_and_through_a_pipe(work, tmp_path):
    assert llmx("export", "work", "--to", f"{tmp_path}/work.json").returncode == 0
    text = llmx("export", "work").stdout
    assert (tmp_path / "work.json").read_text() == text
    again = llmx("import", "-", text=text)
    assert (again.returncode, again.stderr.splitlines()[0]) == (2, f"error: there is a session '{work.id}' already")
    llmx("delete", "work")
    assert llmx("import", f"{tmp_path}/work.json", "--name", "home").stdout.endswith(
        "2 messages        7 tokens  home\n"
    )
    assert json.loads(llmx("export", "home").stdout) == {**json.loads(text), "name": "home"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import", "nowhere.json"], 4, "there is no file nowhere.json"),
        (["import", "/"], 2, "cannot be read"),
        (["import", "-"], 2, "is no exported session"),
        (["show", "nothing"], 4, "there is no session 'nothing'"),
        (["resume", ""], 4, "there is no session ''"),
        (["export", "work", "--to", "/nowhere/x"], 2, "cannot be written"),
        (["gc", "--older-than", "soon"], 2, "--older-than"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said(work, words, code, said):
    ran = llmx(*words, text="")
    assert ran.returncode == code
    assert said in ran.stderr
    assert ran.stdout == ""
