"""The folders that llmx makes are its user's alone."""

import os

import pytest

from llmx.paths import make_private, read_private, write_private


def test_a_private_folder_is_made_with_its_parents(tmp_path):
    assert os.stat(make_private(f"{tmp_path}/a/b")).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_one_that_others_can_look_into_is_closed(tmp_path, mode):
    tmp_path.chmod(mode)
    make_private(str(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_what_a_link_leads_to_is_left_as_it_is(tmp_path):
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("shared")
    make_private(f"{tmp_path}/link")
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.getuid() != 0, reason="another user's folder can only be made as root")
def test_another_users_folder_is_left_as_it_is_and_nothing_is_written_there(tmp_path):
    tmp_path.chmod(0o755)
    os.chown(tmp_path, 65534, 65534)
    make_private(str(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert not write_private(f"{tmp_path}/file", b"x")
    assert os.listdir(tmp_path) == []


def test_a_private_file_is_written_whole_and_read_back(tmp_path):
    file = tmp_path / "new/file"
    assert write_private(str(file), b"first")
    assert write_private(str(file), b"second")
    assert (read_private(str(file), 100), file.stat().st_mode & 0o777) == (b"second", 0o600)
    assert os.listdir(file.parent) == ["file"]
    assert read_private(str(file), 3) == b""  # larger than it may be


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path):
    (tmp_path / "file/full").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        write_private(f"{tmp_path}/file", b"x")
    assert os.listdir(tmp_path) == ["file"]
