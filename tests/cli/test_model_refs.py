"""A quantization behind a repository's name, wherever a model is named."""

import json

import pytest

from llmx import paths
from llmx.models.finding import path_of
from tests.cli.test_model_host import llmx
from tests.core.gguf.scripted import write_scripted
from tests.core.mlx.scripted import write_scripted as write_folder
from tests.models.hub import Hub

REPO = "acme/tiny-GGUF"


@pytest.fixture
def shelf():
    """llmx's own store with one file of the repository, which says "yes"."""
    folder = paths.make_private(f"{paths.data_dir()}/models/hf/{REPO}")
    return write_scripted(f"{folder}/tiny-Q4_K_M.gguf", ["yes"])


def test_a_repositorys_quantization_is_asked_looked_at_and_missed_by_its_name(shelf):
    done = llmx("generate", "-m", f"hf:{REPO}:q4_k_m", "hello")
    assert (done.returncode, done.stdout) == (0, "yes\n")
    facts = json.loads(llmx("model", "info", f"hf:{REPO}:Q4_K_M", "--output", "json").stdout)
    assert facts["is_here"] is True
    missed = llmx("generate", "-m", f"hf:{REPO}:Q8_0", "hello")
    assert missed.returncode == 4
    assert f"llmx model pull hf:{REPO}:Q8_0" in missed.stderr
    wrong = llmx("generate", "-m", f"hf:{REPO}:latest", "hello")
    assert (wrong.returncode, "names no quantization" in wrong.stderr) == (2, True)


@pytest.mark.parametrize("place", ["hf/acme/tiny-4bit", "folder"])
def test_an_mlx_folder_is_asked_by_the_name_that_the_list_gives_it(place, tmp_path, monkeypatch):
    monkeypatch.setenv("MLX_DISABLE_COMPILE", "1")
    if place == "folder":
        write_folder(tmp_path / "models/tiny-4bit", ["yes"])
        monkeypatch.setenv("LLMX_MODELS__FOLDERS", f"{tmp_path}/models")
    else:
        write_folder(f"{paths.make_private(paths.data_dir())}/models/{place}", ["yes"])
    (row,) = json.loads(llmx("model", "list", "--output", "json").stdout)
    assert row["id"] == ("hf:acme/tiny-4bit" if place != "folder" else f"file:{tmp_path}/models/tiny-4bit/")
    done = llmx("generate", "-m", row["id"], "hello", "--output", "json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["backend"], facts["content"]) == ("mlx", "yes")
    assert "fits with a context of 1024" in llmx("model", "load", row["id"], "--dry-run").stdout


@pytest.mark.parametrize(
    ("ref", "is_found"),
    [("", True), (":Q4_K_M", True), (":UD-Q4_K_M", True), (":Q8_0", False), ("/tiny-Q4_K_M.gguf", True)],
)
def test_what_is_on_the_shelf_is_found_by_each_of_its_names(shelf, ref, is_found):
    assert path_of(f"hf:{REPO}{ref}") == (shelf if is_found else "")


def test_what_is_pulled_by_its_quantization_is_that_file(monkeypatch):
    hub = Hub({REPO: {"tiny-Q8_0.gguf": b"GGUF8", "tiny-Q4_K_M.gguf": b"GGUF4"}})
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    done = llmx("model", "pull", f"hf:{REPO}:q8_0", "--output", "json")
    hub.close()
    pulled = json.loads(done.stdout.splitlines()[-1])
    assert (pulled["ref"], pulled["quantization"]) == (f"hf:{REPO}/tiny-Q8_0.gguf", "Q8_0")
    assert path_of(f"hf:{REPO}:Q8_0") == pulled["path"]
