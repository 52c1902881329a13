"""The checks of Ollama, of keys and of what starts MCP servers."""

import http.server
import json
import threading

import pytest

from llmx.core.doctor.models import KEYS, keys, mcp, ollama


@pytest.fixture
def server():
    """A server on 127.0.0.1 that answers as Ollama does; what it says can be changed."""

    class Answers(http.server.BaseHTTPRequestHandler):
        body = json.dumps({"version": "0.9.1"}).encode()

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, format, *args):
            pass

    listening = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{listening.server_port}", Answers
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.mark.promise("S0-54")
@pytest.mark.parametrize("written", ["{}", "http://{}", "http://{}/"])
def test_an_ollama_that_answers_is_told_with_its_version(server, written):
    [finding] = ollama({"OLLAMA_HOST": written.format(server[0])})
    assert finding.status == "ok"
    assert "Ollama 0.9.1 answers" in finding.found


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"name": 1}', b"\xff\xfe"])
def test_another_server_in_its_place_is_no_ollama(server, body):
    server[1].body = body
    assert "no Ollama" in ollama({"OLLAMA_HOST": server[0], "PATH": ""})[0].found


def test_an_installed_ollama_that_does_not_run_is_a_warning(tmp_path):
    (tmp_path / "ollama").write_text("#!/bin/sh\n")
    (tmp_path / "ollama").chmod(0o755)
    [finding] = ollama({"OLLAMA_HOST": "127.0.0.1:1", "PATH": str(tmp_path)})
    assert (finding.status, finding.fix) == ("warn", "ollama serve")


@pytest.mark.promise("S0-54")
def test_none_at_all_is_well():
    assert ollama({"OLLAMA_HOST": "127.0.0.1:1", "PATH": ""})[0].status == "ok"


def test_no_other_machine_is_asked():
    assert "is not asked" in ollama({"OLLAMA_HOST": "http://192.0.2.1:11434"})[0].found


def test_a_port_that_is_none_is_a_warning():
    assert ollama({"OLLAMA_HOST": "127.0.0.1:many"})[0].fix == "unset OLLAMA_HOST"


def test_keys_are_told_by_name_and_nothing_else(home):
    [finding] = keys({"HOME": str(home), "OPENAI_API_KEY": "sk-value", "HF_TOKEN": ""})
    assert "OPENAI_API_KEY" in finding.found
    assert "HF_TOKEN" not in finding.found
    assert "sk-value" not in str(finding)
    assert "none in the environment" in keys({"HOME": str(home)})[0].found
    assert len(KEYS) == len(set(KEYS))


@pytest.fixture
def configured(home):
    """Settings with this reference to a key; returns the environment."""

    def write(reference, **env):
        (home / ".config/llmx").mkdir(parents=True, exist_ok=True)
        (home / ".config/llmx/config.toml").write_text(f'llm.api_key = "{reference}"\n')
        return {"HOME": str(home), **env}

    return write


def test_a_configured_variable_that_is_not_set_is_a_warning(configured):
    finding = keys(configured("env:MY_KEY"))[1]
    assert (finding.status, finding.fix) == ("warn", "export MY_KEY=…")
    assert len(keys(configured("env:MY_KEY", MY_KEY="x"))) == 1


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o644, "warn")])
def test_a_key_file_is_to_be_nobody_elses_to_read(configured, tmp_path, mode, status):
    (tmp_path / "key").write_text("secret")
    (tmp_path / "key").chmod(mode)
    finding = keys(configured(f"file:{tmp_path}/key"))[1]
    assert finding.status == status
    assert "secret" not in str(finding)


def test_a_key_file_that_is_not_there_is_a_warning(configured, tmp_path):
    assert keys(configured(f"file:{tmp_path}/absent"))[1].status == "warn"


def test_settings_that_cannot_be_read_are_left_to_their_own_check(home):
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text("=")
    assert len(keys({"HOME": str(home)})) == 1


def test_what_can_start_a_server_is_named(tmp_path):
    (tmp_path / "uvx").write_text("#!/bin/sh\n")
    (tmp_path / "uvx").chmod(0o755)
    assert mcp({"PATH": str(tmp_path)})[0].found.startswith("uvx can start servers")
    assert mcp({"PATH": ""})[0].status == "ok"
