"""``llmx agent``, run as a user would."""

import http.server
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import threading

import pytest

from tests import forked


def llmx(*words, code=0, **options):
    done = forked.run(
        [sys.executable, "-m", "llmx", "agent", *words],
        text=True,
        stdin=None if "input" in options else subprocess.DEVNULL,
        **options,
    )
    assert done.returncode == code, done.stderr
    return done


def facts(*words):
    return json.loads(llmx(*words, "--output", "json").stdout)


@pytest.mark.promise("S1-34")
def test_init_makes_the_default_agent_once():
    first = facts("init")
    assert (first["id"], first["provider"], first["model"]) == ("default", "ollama", "mistral:7b-instruct")
    assert first["is_default"] is True
    llmx("set", "default", "temperature=0")
    assert facts("init")["temperature"] == 0.0


@pytest.mark.promise("S1-16")
def test_a_key_is_shown_by_its_place_only(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret-0123456789")
    llmx("create", "a", "--provider", "openai", "--model", "gpt-4o", "--api-key", "env:MY_KEY")
    shown = llmx("get", "a").stdout
    assert "api_key = env:MY_KEY  (set)" in shown
    assert facts("get", "a")["has_key"] is True
    monkeypatch.delenv("MY_KEY")
    assert "(unset)" in llmx("get", "a").stdout
    assert "secret" not in shown


@pytest.mark.promise("S1-16", "S1-02", "S1-13")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["get", "nope"], 4),
        (["set", "a", "colour=red"], 2),
        (["set", "a", "model"], 2),
        (["set", "a", "temperature=9"], 2),
        (["create", "a", "--provider", "ollama", "--model", "x"], 2),
        (["create", "b", "--provider", "olama", "--model", "x"], 2),
        (["delete", "a"], 2),
        (["delete", "a", "--yes"], 2),
        (["import", "nowhere.toml"], 4),
        (["export", "nope"], 4),
    ],
)
def test_what_is_wrong_has_its_exit_code_and_changes_nothing(home, words, code):
    llmx("create", "a", "--provider", "ollama", "--model", "x")
    file = home / ".config/llmx/agents/a.toml"
    before = file.read_bytes()
    done = llmx(*words, code=code)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert file.read_bytes() == before


def test_list_shows_the_default_first_and_who_is_inactive():
    for name in ("z", "a"):
        llmx("create", name, "--provider", "ollama", "--model", "x")
    llmx("disable", "a")
    assert llmx("list").stdout.splitlines()[0].startswith("* z ")
    assert "(inactive)" in llmx("list").stdout
    assert [row["id"] for row in facts("list", "--active")] == ["z"]
    llmx("enable", "a")
    llmx("default", "a")
    assert [row["id"] for row in facts("list")] == ["a", "z"]


def test_resolve_explains_each_field():
    llmx("init")
    assert "# default agent" in llmx("resolve", "x", "--explain").stdout
    assert facts("resolve", "x", "--explain")["tiers"]["model"] == "default agent"


def test_export_goes_into_import_through_a_pipe(home):
    llmx("create", "a", "--provider", "ollama", "--model", "x", "--system", "be\nbrief")
    text = llmx("export").stdout
    llmx("create", "b", "--provider", "ollama", "--model", "x", "--default")
    llmx("delete", "a", "--yes")
    assert llmx("import", "-", input=text).stdout == "created  a\n"
    assert facts("get", "a")["system"] == "be\nbrief"


def test_edit_takes_over_what_the_editor_wrote(tmp_path, monkeypatch):
    llmx("create", "a", "--provider", "ollama", "--model", "x")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/model = "x"/model = "y"/\' "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    llmx("edit", "a")
    assert facts("get", "a")["model"] == "y"
    editor.write_text("#!/bin/sh\necho 'model = ' > \"$1\"\n")
    assert "is as it was" in llmx("edit", "a", code=2).stderr
    assert facts("get", "a")["model"] == "y"


@pytest.fixture(params=["/one/v1", "/two/v1"])
def server(request):
    """A server that speaks as OpenAI does and keeps what it was asked."""
    seen = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append((self.path, self.headers.get("authorization"), body))
            chunk = {"model": body["model"], "choices": [{"index": 0, "delta": {"content": "yes"}}]}
            end = {"model": body["model"], "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            text = "".join(f"data: {json.dumps(part)}\n\n" for part in (chunk, end)) + "data: [DONE]\n\n"
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}{request.param}", request.param, seen
        running.shutdown()


@pytest.mark.promise("S1-01", "S1-05", "S1-08", "S1-09")
def test_each_agent_asks_its_own_model_where_it_is(server, monkeypatch):
    url, path, seen = server
    monkeypatch.setenv("MY_KEY", "key-of-mine")
    llmx("create", "a", "--provider", "vllm", "--model", f"m{path}", "--endpoint", url, "--api-key", "env:MY_KEY")
    llmx("set", "a", "temperature=0.0", "max_tokens=7", "system=Be brief.")
    assert llmx("run", "a", "hi").stdout == "yes\n"
    done = forked.run(
        [sys.executable, "-m", "llmx", "generate", "hi", "--agent", "a", "--max-tokens", "9"],
        text=True,
        check=True,
    )
    assert done.stdout == "yes\n"
    for asked, tokens in zip(seen, (7, 9), strict=True):
        assert asked[:2] == (f"{path}/chat/completions", "Bearer key-of-mine")
        assert asked[2]["model"] == f"m{path}"
        assert asked[2]["temperature"] == 0.0
        assert asked[2]["max_tokens"] == tokens
        assert asked[2]["messages"][0]["content"] == "Be brief."


@pytest.mark.promise("S1-11")
@pytest.mark.parametrize(("agent", "code"), [("off", 2), ("nobody", 4)])
def test_an_agent_that_cannot_be_used_asks_nobody(agent, code):
    llmx("create", "on", "--provider", "mock", "--model", "mock")
    llmx("create", "off", "--provider", "mock", "--model", "mock")
    llmx("disable", "off")
    assert llmx("run", agent, "hi", code=code).stdout == ""


@pytest.mark.promise("S1-07")
def test_an_agent_that_takes_too_long_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        llmx("create", "a", "--provider", "vllm", "--model", "m", "--endpoint", url, "--timeout", "1")
        assert "error: " in llmx("run", "a", "hi", code=124).stderr


@pytest.mark.promise("S3-26")
def test_run_every_goes_on_until_it_is_interrupted():
    llmx("create", "a", "--provider", "mock", "--model", "mock")
    command = [sys.executable, "-m", "llmx", "agent", "run", "a", "hi", "--every", "10ms", "--output", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout
        answers = [json.loads(running.stdout.readline()) for _ in range(3)]
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert all(answer["mock"] for answer in answers)


def test_an_agent_is_shown_in_words_that_can_be_set(home):
    llmx("create", "a", "--provider", "mock", "--model", "mock", "--tool", "x", "--top-p", "0.5")
    llmx("create", "b", "--provider", "mock", "--model", "mock")
    shown = dict(line.split(" = ") for line in llmx("get", "a").stdout.splitlines())
    assert shown | {"default": "yes", "active": "yes", "tools": "x", "top_p": "0.5"} == shown
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", shown["created"])
    llmx("set", "b", "default=yes", "active=on")
    shown = dict(line.split(" = ") for line in llmx("get", "a").stdout.splitlines())
    assert shown["default"] == "no"
