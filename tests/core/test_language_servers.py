"""Language servers are started and greeted in their own protocol; what does not answer says why, in time."""

import asyncio
import json
import sys

import pytest

from llmx.core.language_servers import greet
from llmx.core.source import Lsp

SERVER = """
import json, sys

def read():
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else None

def send(message, more=b""):
    text = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Type: x\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(text) + text)
    sys.stdout.buffer.flush()

asked = read()
assert asked["method"] == "initialize" and asked["params"]["processId"]
send({"method": "window/logMessage", "params": {"message": "beginning"}})
send({"id": 1, "method": "client/registerCapability", "params": {}})
send({"id": asked["id"], **json.loads(sys.argv[1])})
read()
"""
CAN = {"result": {"capabilities": {"hoverProvider": True, "renameProvider": {"x": 1}, "codeLensProvider": False}}}


def greeted(*command, deadline=30.0, **lsp):
    return asyncio.run(greet({"one": Lsp(tuple(command), **lsp)}, deadline=deadline))[0]


@pytest.fixture
def server(tmp_path):
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    return lambda answer: (sys.executable, str(file), json.dumps(answer))


def test_a_server_that_answers_says_what_it_offers(server):
    one = greeted(*server(CAN))
    assert (one.state, one.reason, one.offers) == ("answers", "", ("hover", "rename"))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"error": {"code": 1, "message": "no licence"}}, "no licence"),
        ({"result": {}}, "none of a language server"),
        ({"result": {"capabilities": [1]}}, "none of a language server"),
    ],
)
def test_an_answer_that_is_none_fails(server, answer, says):
    one = greeted(*server(answer))
    assert one.state == "failed"
    assert says in one.reason


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import sys; sys.exit('no python here')", "exit code 1: no python here"),
        ("print('hello')", "has ended"),
        ("print('Content-Length: x\\r\\n\\r\\n', end='')", "line of more than"),
        ("print('Content-Length: 99999999999\\r\\n\\r\\n', end='')", "line of more than"),
        ("print('Content-Length: 5\\r\\n\\r\\n{', end='')", "has ended"),
    ],
)
def test_a_program_that_is_no_server_says_so(program, says):
    one = greeted(sys.executable, "-c", program)
    assert one.state == "failed"
    assert says in one.reason


def test_one_that_is_silent_is_left_at_its_deadline_and_one_that_is_off_is_not_started():
    assert "no answer in 0.2 s" in greeted(sys.executable, "-c", "import sys; sys.stdin.read()", deadline=0.2).reason
    assert greeted("/nonexistent", enabled=False).state == "disabled"
    assert "cannot be started" in greeted("/nonexistent").reason
