"""MCP servers are really started, reached and asked."""

import asyncio
import contextlib
import http.server
import json
import os
import select
import sys
import threading
from pathlib import Path

import pytest

from llmx.core.mcp.check import check
from llmx.core.source.servers import Server

PROGRAM = str(Path(__file__).with_name("server.py"))


def program(name, *words, **more):
    return Server(name, sys.executable, (PROGRAM, *words), **more)


def checked(*servers, deadline=60.0, env=os.environ):
    return {one.name: one for one in asyncio.run(check(servers, deadline=deadline, env=env))}


@pytest.mark.parametrize("how", ["well", "chats"])
def test_a_program_tells_all_its_tools(how):
    one = checked(program("a", how))["a"]
    assert (one.state, one.tools, one.server) == ("connected", ("one", "two"), "small 1")


DIFFERENT = (
    program("works"),
    program("silent", "is silent"),
    program("ends", "ends"),
    program("refuses", "refuses"),
    Server("nowhere", "/nonexistent/program"),
    Server("no port", url="http://127.0.0.1:9/mcp", transport="http"),
    Server("no stream", url="http://127.0.0.1:9/sse", transport="sse"),
    program("unset", env={"A": "${NOT_SET_ANYWHERE}"}),
    Server("off", "x", enabled=False),
)


@pytest.mark.promise("S0-51")
def test_one_dead_server_does_not_hide_the_others():
    for deadline in (2.0, 30.0):  # the longer one for a machine that is too busy to start Python within the first
        found = checked(*DIFFERENT, deadline=deadline)
        late = {name for name, one in found.items() if one.reason == f"no answer in {deadline:g} s"}
        if late == {"silent"}:
            break
    assert {name for name, one in found.items() if one.state == "connected"} == {"works"}
    assert found["off"].state == "disabled"
    assert late == {"silent"}
    assert "exit code 3: cannot find its data" in found["ends"].reason
    assert "not today" in found["refuses"].reason
    assert "cannot be started" in found["nowhere"].reason
    assert "cannot be reached" in found["no port"].reason
    assert "cannot be reached" in found["no stream"].reason
    assert found["unset"].reason == "NOT_SET_ANYWHERE is not set"


def test_a_program_gets_its_variables_and_leaves_no_process_behind(tmp_path):
    script = tmp_path / "server"
    script.write_text(f'#!/bin/sh\nsleep 1000 &\necho "$! $A" > {tmp_path}/seen\nexec {sys.executable} {PROGRAM}\n')
    script.chmod(0o755)
    server = Server("a", str(script), env={"A": "${B}"})
    assert checked(server, env={**os.environ, "B": "from b"})["a"].state == "connected"
    child, said = (tmp_path / "seen").read_text().split(maxsplit=1)
    assert said.strip() == "from b"
    with contextlib.suppress(ProcessLookupError):
        left = select.poll()
        left.register(os.pidfd_open(int(child)), select.POLLIN)
        assert left.poll(60_000), "it still runs"


def result_of(method):
    """What the servers here answer."""
    result: dict[str, object] = {"tools": [{"name": "t"}]}
    return {"capabilities": {"tools": {}}} if method == "initialize" else result


class Running(http.server.ThreadingHTTPServer):
    """A server that keeps what it was asked, and what it is to answer on a stream."""

    daemon_threads = True

    def __init__(self, kind):
        super().__init__(("127.0.0.1", 0), kind)
        self.seen = []
        self.answers = []
        self.ready = threading.Semaphore(0)


class Answers(http.server.BaseHTTPRequestHandler):
    """Streamable HTTP: JSON under /json, events under /events, and what is wrong under other paths."""

    server: Running

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(
            (asked["method"], self.headers.get("authorization"), self.headers.get("mcp-session-id"))
        )
        if self.path == "/refused":
            return self.say(401, b"")
        if self.path == "/page":
            return self.say(200, b"<html>", "text/html")
        if "id" not in asked:
            return self.say(202, b"")
        found = result_of(asked["method"])
        data = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": found}).encode()
        if self.path == "/json":
            return self.say(200, data, "application/json")
        other = json.dumps({"jsonrpc": "2.0", "method": "notifications/x"}).encode()
        return self.say(200, b"data: " + other + b"\n\ndata: " + data + b"\n\n", "text/event-stream")

    def do_DELETE(self):
        self.server.seen.append(("left", None, self.headers.get("mcp-session-id")))
        self.say(200, b"")

    def say(self, status, data, kind="text/plain"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.send_header("mcp-session-id", "s1")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Running(Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def remote(server, path):
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return Server("web", url=url, transport="http", headers={"Authorization": "Bearer ${KEY}"})


@pytest.mark.parametrize("path", ["/json", "/events"])
def test_a_server_behind_a_url_is_asked_in_a_session(server, path):
    one = checked(remote(server, path), env={"KEY": "k"})["web"]
    assert (one.state, one.tools) == ("connected", ("t",))
    assert [(method, session) for method, _, session in server.seen] == [
        ("initialize", None),
        ("notifications/initialized", "s1"),
        ("tools/list", "s1"),
        ("left", "s1"),
    ]
    assert server.seen[0][1] == "Bearer k"


@pytest.mark.parametrize(("path", "says"), [("/refused", "refuses the key (HTTP 401)"), ("/page", "no MCP server")])
def test_what_is_no_mcp_server_is_told_so(server, path, says):
    assert says in checked(remote(server, path), env={"KEY": "k"})["web"].reason


class Streams(Answers):
    """The older kind: answers come on the stream that was opened first."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        where = "http://other.example/post" if self.path == "/elsewhere" else "/post"
        self.wfile.write(f"event: endpoint\ndata: {where}\n\n".encode())
        self.wfile.flush()
        for _ in range(2):
            self.server.ready.acquire(timeout=60)
            self.wfile.write(b"data: " + self.server.answers.pop(0) + b"\n\n")
            self.wfile.flush()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "id" in asked:
            found = result_of(asked["method"])
            self.server.answers.append(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": found}).encode())
            self.server.ready.release()
        self.say(202, b"")


@pytest.mark.parametrize(("path", "state"), [("/sse", "connected"), ("/elsewhere", "failed")])
def test_a_server_of_the_older_kind_answers_on_its_stream(path, state):
    with Running(Streams) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{running.server_port}{path}"
        one = checked(Server("web", url=url, transport="sse"))["web"]
        running.ready.release(2)
        running.answers += [b"{}", b"{}"]
        running.shutdown()
    assert one.state == state
    assert one.tools == (("t",) if state == "connected" else ())
