"""``sessions``: conversations that many processes write and that survive their end."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import Any

import pytest

from llmx.core.events import Usage
from llmx.core.messages import Image, Message, Reasoning, Text, ToolCall, ToolResult, assistant, user
from llmx.errors import NotFoundError, UsageError
from llmx.sessions import Artifact
from llmx.sessions.files import exported, imported
from llmx.sessions.store import Store

PARTS = (
    Text("hé\u2028\ud83d\0"),
    Image("image/png", bytes(range(256))),
    ToolCall("1", "add", '{"a": 1}'),
    ToolResult("1", "2", is_error=True),
    Reasoning("hm", "signed"),
)


@pytest.fixture
def store(tmp_path):
    store = Store(f"{tmp_path}/data/sessions.db")
    yield store
    store.close()


def ages(store, id_, seconds):
    store._connection.execute("UPDATE sessions SET updated_at = updated_at - ? WHERE id = ?", (seconds, id_))


def test_messages_come_back_as_they_were_and_in_order(store):
    session = store.create("work")
    message = Message("assistant", PARTS)
    store.append(session.id, user("hello"))
    store.append(session.id, message, model="qwen", usage=Usage(3, 4, 1, None))
    turns = store.turns(session.id)
    assert [turn.position for turn in turns] == [1, 2]
    assert turns[1].message == message
    assert (turns[1].model, turns[1].usage) == ("qwen", Usage(3, 4, 1, None))
    assert store.find("work")[5:] == (2, 0, 7)


def test_the_files_are_the_owners_alone(store, tmp_path):
    store.create("work")
    assert stat.S_IMODE(os.stat(tmp_path / "data").st_mode) == 0o700
    assert {stat.S_IMODE(os.stat(tmp_path / "data" / name).st_mode) for name in os.listdir(tmp_path / "data")} == {
        0o600
    }


@pytest.mark.parametrize("name", ["-x", "a/b", "a\nb", " a", "x" * 101, "\x1b[2J"])
def test_a_name_that_is_none_is_refused(store, name):
    with pytest.raises(UsageError, match="is no name for a session"):
        store.create(name)
    assert store.sessions() == []


def test_a_taken_name_is_refused_and_an_unknown_one_gets_the_nearest(store):
    store.create("review")
    with pytest.raises(UsageError, match="already"):
        store.create("review")
    with pytest.raises(NotFoundError) as missing:
        store.find("reviev")
    assert missing.value.hint == "did you mean review?"
    assert missing.value.exit_code == 4


def test_any_number_of_ephemeral_ones_have_no_name(store):
    first, second = store.create(), store.create()
    assert first.id != second.id
    assert first.is_ephemeral
    assert store.find(first.id) == first
    with pytest.raises(NotFoundError):
        store.find("")


def test_open_continues_or_begins_and_refuses_what_is_completed(store):
    begun = store.open("work")
    assert store.open("work").id == begun.id
    store.set_state(begun.id, "completed")
    with pytest.raises(UsageError, match="is completed") as refused:
        store.open("work")
    assert refused.value.hint == "llmx session resume work"
    store.set_state(begun.id, "active")
    assert store.open("work").state == "active"


def test_one_that_idles_counts_as_suspended_until_its_next_message(store):
    session = store.create("work")
    ages(store, session.id, 3601)
    assert store.find("work").state == "suspended"
    store.append(session.id, user("again"))
    assert store.find("work").state == "active"


def test_only_ephemeral_ones_are_collected_and_only_when_they_are_old(store):
    named, old, young = store.create("work"), store.create(), store.create()
    for session in (named, old):
        ages(store, session.id, 301)
    assert store.collect() == [old.id]
    assert {session.id for session in store.sessions()} == {named.id, young.id}


def test_what_is_deleted_takes_everything_with_it(store):
    session = store.create("work")
    store.append(session.id, user("hello"))
    store.put_artifact(session.id, Artifact("notes.md", "text/markdown", b"x"))
    store.delete(session.id)
    for table in ("sessions", "messages", "artifacts"):
        assert store._connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    with pytest.raises(NotFoundError, match="was deleted meanwhile"):
        store.append(session.id, user("hello"))


def test_a_question_without_an_answer_can_be_taken_back(store):
    session = store.create("work")
    store.append(session.id, user("one"))
    store.take_back(session.id, store.append(session.id, user("two")))
    assert [turn.message.text for turn in store.turns(session.id)] == ["one"]


def test_an_artifact_replaces_one_of_its_name(store):
    session = store.create("work")
    for data in (b"1", b"2"):
        store.put_artifact(session.id, Artifact("a", "text/plain", data))
    assert store.artifacts(session.id) == [Artifact("a", "text/plain", b"2")]


def test_the_last_one_used_is_listed_first(store):
    first, second = store.create("first"), store.create("second")
    ages(store, first.id, 20)
    ages(store, second.id, 10)
    assert [session.name for session in store.sessions()] == ["second", "first"]
    store.append(first.id, user("hello"))
    assert [session.name for session in store.sessions()] == ["first", "second"]


def test_an_exported_session_is_the_same_where_it_is_imported(store, tmp_path):
    session = store.create("work")
    store.append(session.id, Message("user", PARTS))
    store.append(session.id, assistant("hi"), model="m", usage=Usage(1, 2))
    store.put_artifact(session.id, Artifact("a.bin", "x/y", bytes(range(256))))
    text = json.dumps(exported(store, store.find("work")))
    other = Store(f"{tmp_path}/other.db")
    imported(other, text, "f.json")
    assert exported(other, other.find("work")) == exported(store, store.find("work"))
    with pytest.raises(UsageError, match="already"):
        imported(other, text, "f.json")
    other.close()


TURN = (
    ', "messages": [{{"at": 1, "role": "{role}", "parts": [["{part}", ""]], "model": "", "usage": {{}}}}]'
    ', "artifacts": []}}'
)
ARTIFACT = ', "messages": [], "artifacts": [{"name": "a", "media_type": "", "data": "ZGF0YQ=="}]}'
GOOD = '{"session": 1, "id": "i", "name": "n", "state": "active", "created_at": 1, "updated_at": 1'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "5",
        GOOD,
        GOOD + ', "messages": [{}], "artifacts": []}',
        GOOD + TURN.format(role="user", part="no"),
        GOOD + TURN.format(role="king", part="text"),
        GOOD + ARTIFACT.replace("ZGF0YQ==", "?"),
        GOOD.replace("active", "odd") + ', "messages": [], "artifacts": []}',
        GOOD.replace(": 1,", ": 9,", 1) + ', "messages": [], "artifacts": []}',
        GOOD.replace('"i"', "5") + ', "messages": [], "artifacts": []}',
    ],
)
def test_what_is_no_exported_session_is_refused_whole(store, text):
    with pytest.raises(UsageError, match=r"f\.json is no exported session"):
        imported(store, text, "f.json")
    assert store.sessions() == []


WRITING = """
import sys
from llmx.core.messages import user
from llmx.sessions.store import Store
store = Store(sys.argv[1])
id_ = store.open("shared").id
for number in range(int(sys.argv[3])):
    store.append(id_, user(f"{sys.argv[2]} {number}"))
    print(number, flush=True)
input()
"""


def test_many_writers_of_which_some_are_killed_lose_no_finished_message(store, tmp_path):
    store.open("shared")
    command = [sys.executable, "-c", WRITING, f"{tmp_path}/data/sessions.db"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers: list[Any] = [subprocess.Popen([*command, str(n), "100000" if n % 2 else "40"], **pipes) for n in range(6)]
    written = []
    for number, writer in enumerate(writers):
        written += [f"{number} {writer.stdout.readline().strip()}" for _ in range(40)]
        if number % 2:
            writer.kill()
        rest, _ = writer.communicate("\n", timeout=60)
        written += [f"{number} {line}" for line in rest.split("\n") if number % 2 and line]
        assert writer.returncode == (-signal.SIGKILL if number % 2 else 0)
    texts = [turn.message.text for turn in store.turns(store.find("shared").id)]
    assert set(written) <= set(texts)
    assert len(texts) == len(set(texts))
    positions = [turn.position for turn in store.turns(store.find("shared").id)]
    assert positions == list(range(1, len(positions) + 1))


def test_times_are_those_of_the_clock(store):
    before = time.time()
    session = store.create("work")
    store.append(session.id, user("x"))
    assert before <= store.turns(session.id)[0].at <= time.time()
