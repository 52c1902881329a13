"""``llmx chat``: from a pipe, and at a terminal of its own."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from tests import forked
from tests.core.backends import recorded
from tests.core.backends.server import HANG, ModelServer, head, sse

KEY = "sk-proj-" + "Zq8w" * 10


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server that the settings name."""
    monkeypatch.chdir(tmp_path)
    with ModelServer() as server:
        monkeypatch.setenv("LLM_BACKEND", "openai")
        monkeypatch.setenv("LLM_MODEL", "m-1")
        monkeypatch.setenv("LLM_API_BASE", server.url)
        monkeypatch.setenv("LLM_API_KEY", KEY)
        server.answer(recorded.streamed(recorded.chat(["yes"])))
        yield server


def command(*words):
    return [sys.executable, "-m", "llmx", "chat", *words]


def piped(typed, *words):
    return forked.run(command(*words), input=typed, text=True)


def asked(server):
    return [[(row["role"], row["content"]) for row in call.json["messages"]] for call in server.asked]


@pytest.mark.promise("S3-16")
def test_each_message_carries_all_that_was_said_before(server):
    done = piped("one\n\ntwo\n", "--system", "Be brief.")
    assert (done.returncode, done.stdout, done.stderr) == (0, "yes\nyes\n", "")
    first = [("system", "Be brief."), ("user", "one")]
    assert asked(server) == [first, [*first, ("assistant", "yes"), ("user", "two")]]


def test_a_message_may_have_several_lines(server):
    piped('a \\\nb\\\nc\n"""\n/d\n\ne\n"""\n"""\nopen to the end\n')
    assert [turns[-1][1] for turns in asked(server)] == ["a \nb\nc", "/d\n\ne", "open to the end"]


def test_commands_change_what_is_asked(server, tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = piped(
        "one\n/clear\n/system Sing.\n/model openai/m-2\n/image x.png\ntwo\nthree\n/usage\n/help\n/exit\nnever\n"
    )
    assert done.returncode == 0, done.stderr
    assert [call.json["model"] for call in server.asked] == ["m-1", "m-2", "m-2"]
    second, third = asked(server)[1:]
    assert [role for role, _ in second] == ["system", "user"]
    assert [block["type"] for block in second[1][1]] == ["image_url", "text"]
    assert third[-1] == ("user", "three")
    assert "21 tokens asked, 15 answered" in done.stderr
    assert "/image FILE" in done.stderr


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("/modl x\n", 2, "did you mean /model?"),
        ("/model\n", 2, "/model needs something behind it"),
        ("/model a b\n", 2, "names no model"),
        ("/image none.png\n", 4, "there is no file none.png"),
    ],
)
def test_a_command_that_is_wrong_ends_a_chat_from_a_pipe(server, typed, code, said):
    done = piped(f"{typed}hi\n")
    assert done.returncode == code
    assert said in done.stderr
    assert server.asked == []


def test_a_turn_that_fails_ends_a_chat_from_a_pipe_with_its_exit_code(server):
    server.answer([head("text/plain", "401 Unauthorized"), b"no"])
    done = piped("hi\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the key was not accepted" in done.stderr


def test_a_session_is_kept_and_gone_on_with(server):
    piped("one\n", "--session", "s")
    done = piped("/clear\n", "--session", "s")
    assert (done.returncode, "the session s keeps what was said" in done.stderr) == (2, True)
    piped("two\n", "--session", "s")
    assert asked(server)[-1] == [("user", "one"), ("assistant", "yes"), ("user", "two")]


def test_an_agent_is_asked_as_it_is_recorded(server):
    made = [
        *command()[:-1],
        "agent",
        "create",
        "brief",
        "--provider",
        "openai",
        "--model",
        "m-9",
        "--system",
        "Be brief.",
    ]
    assert subprocess.run(made, capture_output=True, check=False).returncode == 0
    assert piped("hi\n", "--agent", "brief").returncode == 0
    assert server.asked[0].json["model"] == "m-9"
    assert asked(server) == [[("system", "Be brief."), ("user", "hi")]]


def test_a_mock_is_told_once_and_again_when_it_changes(monkeypatch):
    monkeypatch.setenv("LLM_BACKEND", "mock")
    done = piped("a\nb\n/model mock/other\nc\n")
    assert done.stdout.splitlines() == [f"Mock response to: {word}" for word in "abc"]
    assert done.stderr.count("a mock answers") == 2


class Terminal:
    """A chat at a terminal of its own."""

    def __init__(self, *words):
        self._main, side = pty.openpty()
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
        self.running = subprocess.Popen(
            command(*words), stdin=side, stdout=side, stderr=side, env=env, start_new_session=True
        )
        os.close(side)
        self.seen, self.at = "", 0

    def until(self, words):
        """Read until the words come, and return what was shown since the last that came, without colors."""
        ends = time.monotonic() + 60
        while words not in self.plain[self.at :]:
            assert select.select([self._main], [], [], ends - time.monotonic())[0], self.seen
            self.seen += os.read(self._main, 4096).decode(errors="replace")
        begin, self.at = self.at, self.plain.index(words, self.at) + len(words)
        return self.plain[begin : self.at]

    @property
    def plain(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen)

    def type(self, text):
        os.write(self._main, text.encode())

    def end(self):
        self.until("> ")
        self.type("\x04")
        code = self.running.wait(60)
        os.close(self._main)
        return code


def test_at_a_terminal_markdown_is_set_and_nothing_steers(server):
    text = "# Title\n\nSome **bold** words\x1b]0;x\x07.\n\n```python\nprint(1)\n\nprint(2)\n```\n\n[a](http://b.test)"
    server.answer(recorded.streamed(recorded.chat([text[:30], text[30:]])))
    chat = Terminal()
    chat.until("> ")
    chat.type("hi\r")
    shown = chat.until("b.test")
    assert "Title" in shown
    assert "# Title" not in shown
    assert "Some bold words]0;x." in shown
    assert "print(2)" in shown
    assert "```" not in shown
    assert chat.end() == 0


def test_ctrl_c_stops_an_answer_and_the_chat_goes_on(server):
    hanging = [head(), sse(recorded.chat_chunk({"content": "Hel"})), HANG]
    server.answer(hanging, recorded.streamed(recorded.chat(["yes"])))
    chat = Terminal("--plain")
    chat.until("> ")
    chat.type("one\r")
    chat.until("Hel")
    os.killpg(chat.running.pid, signal.SIGINT)
    chat.until("stopped")
    assert server.left.wait(10)
    chat.until("> ")
    chat.type("two\r")
    chat.until("yes")
    assert asked(server)[-1] == [("user", "two")]
    assert chat.end() == 0


def test_at_a_terminal_an_error_is_told_and_the_chat_goes_on(server):
    server.answer([head("text/plain", "401 Unauthorized"), b"no"], recorded.streamed(recorded.chat(["yes"])))
    chat = Terminal("--plain")
    chat.until("> ")
    chat.type("one\r")
    chat.until("hint: ")
    chat.until("> ")
    chat.type("/nothing\r")
    chat.until("there is no command /nothing")
    chat.type("two\r")
    chat.until("yes")
    assert json.dumps(asked(server)[-1]) == '[["user", "two"]]'
    assert chat.end() == 0
