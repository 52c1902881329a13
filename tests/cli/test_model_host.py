"""llmx model load, status, stats and unload as commands, and generate on a warm model."""

import asyncio
import json
import os
import signal
import sys

import pytest

from tests import forked
from tests.core.gguf.tiny import write_tiny
from tests.core.runner.test_host import pid_of
from tests.core.runner.test_process import has_ended
from tests.models.conftest import REPO, content, hub  # noqa: F401  # fixtures


def llmx(*words, **env):
    given = {**os.environ, "LLMX_GGUF__THREADS": "1", **env}
    return forked.run([sys.executable, "-m", "llmx", *words], text=True, env=given)


@pytest.fixture
def model(tmp_path):
    """A model file; the host that a command starts for it is ended."""
    yield write_tiny(tmp_path / "model.gguf")
    try:
        pid = asyncio.run(pid_of(None))
    except OSError:
        return
    os.kill(pid, signal.SIGTERM)
    assert has_ended(pid)


@pytest.mark.promise("S2-16", "S4-22")
def test_a_model_is_loaded_looked_at_used_and_unloaded(model):
    before = llmx("model", "stats")
    assert (before.returncode, before.stdout) == (3, "")
    assert "no model is loaded" in before.stderr
    loaded = llmx("model", "load", model, "--keep-alive", "1m")
    assert loaded.returncode == 0, loaded.stderr
    assert f"{model} is loaded" in loaded.stdout
    asked = llmx("generate", "hello", "--model", f"file:{model}", "--max-tokens", "9", "--output", "json")
    assert json.loads(asked.stdout)["usage"]["completion_tokens"] == 9
    stats = json.loads(llmx("model", "stats", "--output", "json").stdout)
    row = stats["models"][0]
    assert stats["loaded"] is True
    assert row["total_tokens_processed"] > 9
    assert row["average_tokens_per_second"] > 0
    assert row["memory_usage_mb"] > row["model_size_mb"] > 0
    assert row["active_sessions"] == 0
    status = json.loads(llmx("model", "status", "--output", "json").stdout)
    assert status["gguf"]["ready"] is True
    assert status["loaded"][0]["path"] == model
    assert llmx("model", "unload", model).stdout == f"{model} is unloaded\n"
    again = llmx("model", "unload")
    assert (again.returncode, again.stdout) == (4, "")


@pytest.mark.promise("S2-16")
def test_status_is_0_where_a_backend_is_down_and_3_where_it_is_required():
    env = {"OLLAMA_HOST": "127.0.0.1:9"}
    assert json.loads(llmx("model", "status", "--output", "json", **env).stdout)["ollama"]["running"] is False
    assert llmx("model", "status", **env).returncode == 0
    done = llmx("model", "status", "--require", "ollama", **env)
    assert (done.returncode, done.stdout) == (3, "")
    assert "ollama" in done.stderr


@pytest.mark.promise("S4-28")
def test_loading_is_told_on_stderr_or_as_lines_of_json(model):
    done = llmx("model", "load", model)
    assert done.stderr.startswith("Loading model.gguf 0%\n")
    assert "Initializing model.gguf 100%" in done.stderr
    llmx("model", "unload")
    as_json = llmx("model", "load", model, "--output", "json")
    events = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [event["state"] for event in events][-1] == "Complete"
    assert {"Loading", "Initializing"} <= {event["state"] for event in events}
    assert all(0 <= event["percent"] <= 100 for event in events[:-1])
    assert as_json.stderr == ""


@pytest.mark.promise("S4-01", "S4-28")
def test_a_model_of_the_hub_is_fetched_loaded_and_told_as_one_stream(hub, model):  # noqa: F811
    with open(model, "rb") as file:
        hub.repos[REPO] = {"tiny-Q4_K_M.gguf": file.read()}
    ref = f"hf:{REPO}:Q4_K_M"
    absent = llmx("model", "load", ref)
    assert (absent.returncode, "with --pull it is fetched first" in absent.stderr) == (4, True)
    done = llmx("model", "load", ref, "--pull", "--output", "json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    stages = list(dict.fromkeys(event["state"] for event in events))
    assert [stage for stage in stages if stage != "Verifying"] == ["Downloading", "Loading", "Initializing", "Complete"]
    assert all(0 <= event["percent"] <= 100 for event in events[:-1])
    assert events[-1]["path"].endswith(f"/hf/{REPO}/tiny-Q4_K_M.gguf")
    llmx("model", "unload")
    again = llmx("model", "load", ref, "--pull")
    assert again.stderr.startswith("Loading tiny-Q4_K_M.gguf 0%\n")
    unknown = llmx("model", "load", f"hf:{REPO}/none.gguf", "--pull")
    assert (unknown.returncode, "tiny-Q4_K_M.gguf" in unknown.stderr) == (4, True)


@pytest.mark.parametrize(
    ("words", "env", "tells"),
    [
        (("--quiet",), {}, False),
        ((), {"LLMX_QUIET": "1"}, False),
        ((), {"SAH_QUIET": "true"}, False),
        ((), {"SAH_QUIET": "0"}, True),
    ],
)
@pytest.mark.promise("S4-30")
def test_progress_is_quiet_when_asked_and_errors_are_not(model, words, env, tells):
    done = llmx(*words, "model", "load", model, **env)
    assert done.returncode == 0
    assert bool(done.stderr) == tells
    assert "error: there is no file" in llmx(*words, "model", "load", "/none.gguf", **env).stderr


def test_generate_starts_a_host_when_a_model_is_to_stay(model):
    line = ["generate", "hello", "--model", f"file:{model}", "--max-tokens", "4", "--keep-alive", "1m"]
    assert llmx(*line).returncode == 0
    assert json.loads(llmx("model", "stats", "--output", "json").stdout)["models"][0]["keep_alive"] == 60.0
    wrong = llmx(*line[:-1], "soon")
    assert wrong.returncode == 2
    assert "--keep-alive" in wrong.stderr


@pytest.mark.promise("S4-31", "S4-32", "S4-33")
def test_presets_say_which_file_and_whether_it_fits(model):
    rows = {row["name"]: row for row in json.loads(llmx("model", "presets", "--output", "json").stdout)}
    small = "hf:unsloth/Phi-4-mini-instruct-GGUF/Phi-4-mini-instruct-Q4_K_M.gguf"
    assert (rows["small"]["ref"], rows["small"]["timeout_s"]) == (small, 30)
    assert rows["medium"]["file"].endswith("-UD-Q6_K_XL.gguf")
    assert (rows["medium"]["timeout_s"], rows["local"]["timeout_s"]) == (60, 45)
    assert small in llmx("model", "load", "--preset", "small", "--dry-run").stdout
    assert "fits with a context of 2048" in llmx("model", "load", "--preset", "local", model, "--dry-run").stdout
    assert llmx("model", "load", "--preset", "small").returncode == 4
    wrong = llmx("model", "load", "--preset", "smal")
    assert (wrong.returncode, "did you mean small?" in wrong.stderr) == (2, True)
    assert llmx("model", "load").returncode == 2
    assert llmx("model", "load", model, "--preset", "small").returncode == 2
