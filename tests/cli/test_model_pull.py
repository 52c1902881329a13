"""llmx model pull, list and remove as commands."""

import json
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.models.conftest import REPO, content, hub  # noqa: F401  # fixtures

ID = f"hf:{REPO}/tiny-Q4_K_M.gguf"


def llmx(*words, **options):
    return forked.run(
        [sys.executable, "-m", "llmx", "model", *words],
        text=True,
        **options,
    )


@pytest.mark.promise("S2-13")
def test_the_path_is_printed_and_percents_are_told_beside_it(hub, home):  # noqa: F811
    done = llmx("pull", f"hf:{REPO}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{home}/.local/share/llmx/models/hf/{REPO}/tiny-Q4_K_M.gguf\n"
    assert Path(done.stdout.strip()).stat().st_size == 3_000_017
    assert "Complete" in done.stderr
    assert "100%" in done.stderr
    assert f"llmx generate -m {ID}" in done.stderr


@pytest.mark.promise("S2-14")
def test_every_event_is_a_line_of_json(hub):  # noqa: F811
    done = llmx("pull", f"hf:{REPO}:Q8_0", "--output", "json")
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert list(dict.fromkeys(event["state"] for event in events)) == [
        "Starting",
        "Downloading",
        "Verifying",
        "Complete",
    ]
    assert all(0 <= event["percent"] <= 100 for event in events)
    assert events[1].keys() >= {"bytes_downloaded", "bytes_total"}
    pulled = json.loads(done.stdout)
    assert (pulled["state"], pulled["fetched"]) == ("Complete", 3_000_017)
    assert pulled["path"].endswith("tiny-Q8_0.gguf")


@pytest.mark.promise("S2-14")
def test_a_failure_is_an_event_and_an_error(hub):  # noqa: F811
    done = llmx("pull", "hf:acme/none", "--progress", "json")
    *events, error, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (3, "")
    assert json.loads(events[-1])["state"] == "Failed"
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


def test_a_quantization_that_is_not_there_is_exit_4_with_those_that_are(hub):  # noqa: F811
    done = llmx("pull", f"hf:{REPO}", "--quantization", "Q6_K")
    assert done.returncode == 4
    assert "Q4_K_M, Q8_0" in done.stderr


@pytest.mark.parametrize("where", ["HF_TOKEN", "HF_TOKEN_PATH", "login"])
def test_a_token_is_found_in_the_environment_in_a_file_and_in_the_hubs_login(hub, home, monkeypatch, where):  # noqa: F811
    hub.gated.add(REPO)
    path = home / (".cache/huggingface/token" if where == "login" else "token")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("hf_right\n")
    if where != "login":
        monkeypatch.setenv(where, "hf_right" if where == "HF_TOKEN" else str(path))
    done = llmx("pull", f"hf:{REPO}")
    assert done.returncode == 0, done.stderr
    assert "hf_right" not in done.stderr + done.stdout


def test_a_file_of_any_server_is_fetched_by_its_address(hub, content):  # noqa: F811
    url = f"{hub.url}/{REPO}/resolve/main/tiny-Q4_K_M.gguf"
    done = llmx("pull", url)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == content
    assert llmx("pull", f"{hub.url}/{REPO}/resolve/main/none.gguf").returncode == 4


def test_a_file_that_is_here_is_not_copied(tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    assert llmx("pull", f"file:{tmp_path}/m.gguf").stdout == f"{tmp_path}/m.gguf\n"
    assert llmx("pull", f"file:{tmp_path}/none.gguf").returncode == 4


@pytest.mark.promise("S2-12", "S2-17")
def test_what_was_pulled_is_listed_and_removed(hub, home):  # noqa: F811
    llmx("pull", f"hf:{REPO}")
    (model,) = json.loads(llmx("list", "--output", "json").stdout)
    assert (model["id"], model["backend"], model["size"], model["quantization"]) == (ID, "gguf", 3_000_017, "Q4_K_M")
    assert llmx("list").stdout.splitlines()[1].split()[:3] == [ID, "gguf", "3.0"]
    refused = llmx("remove", ID)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert llmx("remove", ID, "--yes").stdout == f"removed {ID}, 3.0 MB\n"
    assert llmx("list", "--output", "json").stdout == "[]\n"
    assert llmx("remove", ID, "--yes").returncode == 4


def test_the_settings_say_where_models_are_kept(hub, home, tmp_path):  # noqa: F811
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text(f'[models]\ndir = "{tmp_path}/big"\nfolders = ["{tmp_path}/own"]\n')
    (tmp_path / "own").mkdir()
    (tmp_path / "own/x-Q8_0.gguf").write_bytes(b"GGUF")
    assert llmx("pull", f"hf:{REPO}").stdout == f"{tmp_path}/big/hf/{REPO}/tiny-Q4_K_M.gguf\n"
    assert {model["where"] for model in json.loads(llmx("list", "--output", "json").stdout)} == {"llmx", "folder"}
