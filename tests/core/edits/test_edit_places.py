"""Places that cannot be written: full disks, read-only files and folders, stores, other people's files."""

import json
import os

import pytest

from llmx.core import edits
from llmx.core.edits import Change, Set
from llmx.errors import ConfigError
from tests.core.edits.conftest import listing


def test_a_full_disk_changes_no_file(write, small_disk, tmp_path):
    first = write("first.json", "{}")
    full = small_disk / "full.json"
    full.write_text('{"a": 1}')
    with pytest.raises(ConfigError, match="No space left on device") as caught:
        edits.edit([Change(first, [Set(("a",), 1)]), Change(full, [Set(("b",), "x" * 80_000)])], title="t")
    assert caught.value.hint == "make room on the disk; nothing was changed"
    assert (first.read_text(), full.read_text()) == ("{}", '{"a": 1}')
    assert listing(tmp_path) == ["disk", "disk/full.json", "first.json"]
    assert edits.history() == []


def test_a_full_disk_under_the_state_folder_changes_no_file(write, small_disk, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(small_disk))
    file = write("a.json", "{}")
    with pytest.raises(ConfigError, match="No space left on device"):
        edits.edit([Change(file, [Set(("b",), "x" * 80_000)])], title="t")
    assert file.read_text() == "{}"
    edits.edit([Change(file, [Set(("b",), 1)])], title="t")
    assert json.loads(file.read_text()) == {"b": 1}


AS_USER = """
import sys
from pathlib import Path
from llmx.core.edits import Change, Set, edit
from llmx.errors import LlmxError, render
try:
    edit([Change(Path(file), [Set(("a",), 1)]) for file in {files!r}], title="t")
except LlmxError as error:
    print(render(error))
else:
    print("done")
"""


def test_a_read_only_file_is_explained_and_nothing_is_changed(ordinary_user):
    good, locked = ordinary_user.home / "good.json", ordinary_user.home / "locked.json"
    for file in (good, locked):
        file.write_text("{}")
        ordinary_user.owns(file)
    locked.chmod(0o444)
    done = ordinary_user.run(AS_USER.format(files=[str(good), str(locked)]))
    assert done.stdout == f"error: {locked} is read-only\nhint: make it writable: chmod u+w '{locked}'\n", done.stderr
    assert (good.read_text(), locked.read_text()) == ("{}", "{}")


def test_a_read_only_folder_is_explained_and_nothing_is_changed(ordinary_user):
    folder = ordinary_user.home / "locked"
    folder.mkdir()
    file = folder / "a.json"
    file.write_text("{}")
    ordinary_user.owns(folder, file)
    folder.chmod(0o555)
    done = ordinary_user.run(AS_USER.format(files=[str(file)]))
    assert f"its folder {folder} is read-only\nhint: make it writable: chmod u+w '{folder}'" in done.stdout
    assert file.read_text() == "{}"


def test_someone_elses_file_is_explained(ordinary_user):
    if os.geteuid():
        pytest.skip("NOT TESTED, a file of another user: only root can make one")
    file = ordinary_user.home / "roots.json"
    file.write_text("{}")
    done = ordinary_user.run(AS_USER.format(files=[str(file)]))
    assert "is read-only\nhint: it belongs to user 0" in done.stdout


def test_an_unwritable_state_folder_is_explained_and_nothing_is_changed(ordinary_user, tmp_path):
    file = ordinary_user.home / "a.json"
    file.write_text("{}")
    ordinary_user.owns(file)
    (ordinary_user.home / ".local").write_text("not a folder")
    done = ordinary_user.run(AS_USER.format(files=[str(file)]))
    assert "error: " in done.stdout
    assert "/.local/state/llmx/edits" in done.stdout
    assert file.read_text() == "{}"


def test_a_link_into_the_nix_store_is_explained(tmp_path, monkeypatch):
    store = tmp_path / "store"
    store.mkdir()
    (store / "settings.json").write_text("{}")
    monkeypatch.setattr("llmx.core.edits.places.STORES", {f"{store}/": ("the Nix store", "change it in home-manager")})
    link = tmp_path / "settings.json"
    link.symlink_to(store / "settings.json")
    plan = edits.plan([Change(link, [Set(("a",), 1)])], title="t")
    assert '+  "a": 1' in plan.diff()
    with pytest.raises(ConfigError, match="lies in the Nix store") as caught:
        plan.apply()
    assert caught.value.hint == "change it in home-manager"
    assert (store / "settings.json").read_text() == "{}"
