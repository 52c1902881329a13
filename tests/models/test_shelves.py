"""The models of other tools are found where they lie, used in place, and left alone."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from llmx.core.demo import PATH
from llmx.core.settings.keys import defaults
from llmx.errors import NotFoundError, PolicyError, UsageError
from llmx.models.places import places
from llmx.models.removal import plan_removal, remove
from llmx.models.shelves import models
from llmx.models.survey import survey
from tests import forked
from tests.models.conftest import REPO
from tests.models.test_download import content_at, pull


def put(path, data=b"GGUF"):
    """A file, with the folders it needs."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)
    return str(path)


def put_in_hub_cache(home, data, repo=REPO, name="tiny-Q4_K_M.gguf"):
    """A file as huggingface_hub keeps it: a blob by its digest, and a link by its name."""
    folder = home / ".cache/huggingface/hub" / f"models--{repo.replace('/', '--')}"
    digest = hashlib.sha256(data).hexdigest()
    put(folder / "blobs" / digest, data)
    put(folder / "refs/main", b"abc123")
    link = folder / "snapshots/abc123" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"../../blobs/{digest}")
    return str(link)


def put_in_ollama(home, data, name="library/qwen2.5", tag="1.5b", file_type="Q4_K_M"):
    """A model as Ollama keeps it: blobs, and a manifest that names them."""
    root = home / ".ollama/models"

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        put(root / f"blobs/sha256-{digest}", content)
        return f"sha256:{digest}"

    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": blob(data), "size": len(data)}
    manifest = {"config": {"digest": blob(json.dumps({"file_type": file_type}).encode())}, "layers": [layer]}
    put(root / "manifests/registry.ollama.ai" / name / tag, json.dumps(manifest).encode())


def listed(where):
    return {model.id: model for model in models(where)}


@pytest.mark.promise("S2-12")
def test_each_tools_models_are_listed_where_they_lie(home, tmp_path):
    put(home / ".local/share/llmx/models/hf/a/b/m-Q4_K_M.gguf", b"1" * 10)
    put_in_hub_cache(home, b"2" * 20)
    put_in_ollama(home, b"3" * 30)
    put(home / ".lmstudio/models/pub/repo/m.Q8_0.gguf", b"4" * 40)
    put(tmp_path / "mine/deep/model.gguf", b"5" * 50)
    found = listed(places({**defaults(), "models.folders": (str(tmp_path / "mine"),)}))
    assert [(model.id, model.backend, model.size, model.quantization, model.where) for model in found.values()] == [
        ("hf:a/b/m-Q4_K_M.gguf", "gguf", 10, "Q4_K_M", "llmx"),
        (f"hf:{REPO}/tiny-Q4_K_M.gguf", "gguf", 20, "Q4_K_M", "huggingface"),
        ("ollama/qwen2.5:1.5b", "ollama", 30, "Q4_K_M", "ollama"),
        (f"file:{home}/.lmstudio/models/pub/repo/m.Q8_0.gguf", "gguf", 40, "Q8_0", "lmstudio"),
        (f"file:{tmp_path}/mine/deep/model.gguf", "gguf", 50, "", "folder"),
    ]


def test_parts_are_one_model_and_what_it_sees_with_is_none(home, where):
    folder = home / ".local/share/llmx/models/hf/a/b"
    for number in (1, 2):
        put(folder / f"m-Q4_K_M-0000{number}-of-00002.gguf", b"1" * number)
    put(folder / "half-Q8_0-00001-of-00002.gguf")
    put(folder / "mmproj-F16.gguf", b"eyes")
    (model,) = models(where)
    assert (model.id, model.size, len(model.files)) == ("hf:a/b/m-Q4_K_M-00001-of-00002.gguf", 3, 2)
    assert model.projector.endswith("mmproj-F16.gguf")


def test_an_mlx_folder_is_one_model(home, where):
    folder = home / ".local/share/llmx/models/hf/mlx-community/Tiny-4bit"
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        put(folder / name, b"12345")
    (model,) = models(where)
    assert (model.id, model.backend, model.quantization) == ("hf:mlx-community/Tiny-4bit", "mlx", "4bit")
    assert model.path == str(folder)


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"layers": 3}', b'{"layers": [], "config": {}}', b"\xff\xfe"])
def test_a_manifest_that_says_nothing_is_passed_over(home, where, manifest):
    put_in_ollama(home, b"3" * 30)
    put(home / ".ollama/models/manifests/registry.ollama.ai/library/odd/latest", manifest)
    assert list(listed(where)) == ["ollama/qwen2.5:1.5b"]


def test_links_without_a_target_and_links_in_circles_do_no_harm(home, where):
    folder = home / ".lmstudio/models/a/b"
    put(folder / "m.gguf")
    (folder / "gone.gguf").symlink_to("nowhere")
    (folder / "again").symlink_to(folder)
    assert len(models(where)) == 1


@pytest.mark.parametrize("tool", ["huggingface", "ollama", "lmstudio"])
def test_what_another_tool_has_is_not_fetched_or_stored_again(hub, home, where, content, tool):
    if tool == "huggingface":
        put_in_hub_cache(home, content)
    elif tool == "ollama":
        put_in_ollama(home, content)
    else:
        put(home / f".lmstudio/models/{REPO}/tiny-Q4_K_M.gguf", content)
    pulled = pull(hub, where)
    assert (pulled.fetched, hub.bodies) == (0, [])
    assert content_at(pulled.path) == content
    assert os.path.islink(pulled.path)
    assert "nothing is stored twice" in pulled.notes[0]
    assert len([model for model in models(where) if model.id == pulled.ref]) >= 1


def test_a_file_of_the_same_name_with_other_bytes_is_not_taken_for_it(hub, home, where, content):
    put(home / f".lmstudio/models/{REPO}/tiny-Q4_K_M.gguf", content[::-1])
    assert pull(hub, where).fetched == len(content)


@pytest.mark.promise("S2-17")
def test_removing_takes_all_that_was_fetched_and_the_folders_it_was_in(hub, where):
    pulled = pull(hub, where)
    removal = plan_removal(pulled.ref, where, force=False)
    remove(removal, where)
    assert models(where) == []
    assert list(Path(where.own).rglob("*")) == []


def test_removing_a_link_leaves_the_other_tools_file(hub, home, where, content):
    blob = os.path.realpath(put_in_hub_cache(home, content))
    pulled = pull(hub, where)
    remove(plan_removal(pulled.path, where, force=False), where)
    assert content_at(blob) == content


def test_what_is_another_tools_is_removed_by_force_only(home, where):
    path = put(home / ".lmstudio/models/pub/repo/m.gguf")
    with pytest.raises(PolicyError, match="lmstudio"):
        plan_removal(path, where, force=False)
    remove(plan_removal(path, where, force=True), where)
    assert not os.path.exists(path)


def test_what_is_in_the_hubs_cache_goes_with_its_blob(home, where):
    link = put_in_hub_cache(home, b"data")
    blob = os.path.realpath(link)
    remove(plan_removal(f"hf:{REPO}/tiny-Q4_K_M.gguf", where, force=True), where)
    assert not os.path.lexists(link)
    assert not os.path.exists(blob)


def test_ollamas_models_are_removed_by_ollama(home, where):
    put_in_ollama(home, b"3")
    with pytest.raises(PolicyError) as caught:
        plan_removal("ollama/qwen2.5:1.5b", where, force=True)
    assert caught.value.hint == "ollama rm qwen2.5:1.5b"


def test_a_name_that_is_none_or_means_several_is_refused(hub, where):
    with pytest.raises(NotFoundError):
        plan_removal("hf:a/b", where, force=False)
    pull(hub, where)
    pull(hub, where, quantization="Q8_0")
    with pytest.raises(UsageError, match="2 models"):
        plan_removal(f"hf:{REPO}", where, force=False)


def test_a_model_that_the_host_keeps_warm_is_listed_as_loaded(home, where):
    folder = home / ".local/share/llmx/models/hf/a/b"
    folder.mkdir(parents=True)
    shutil.copy(PATH, folder / "warm-Q8_0.gguf")
    put(folder / "cold-Q8_0.gguf")
    assert {row.loaded for row in survey(where).models} == {False}
    llmx = [sys.executable, "-m", "llmx", "model"]
    forked.run([*llmx, "load", "hf:a/b/warm-Q8_0.gguf"], check=True)
    try:
        assert {os.path.basename(row.model.path): row.loaded for row in survey(where).models} == {
            "warm-Q8_0.gguf": True,
            "cold-Q8_0.gguf": False,
        }
    finally:
        forked.run([*llmx, "unload"], check=True)
