"""The checks of folders and room."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.doctor.folders import LITTLE, TOO_LITTLE, disk, existing, folders, room_status

ROOT = Path(__file__).resolve().parents[3]
PROBE = "import json; from llmx.core.doctor.folders import folders; import os; print(json.dumps(folders(os.environ)))"


def seen_by(user, cache):
    """What the folders of an ordinary user are like whose home is the root of the disk."""
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    environment = {"HOME": "/", "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd="/",
        **identity,
    )
    return json.loads(done.stdout)


def test_folders_that_are_not_there_yet_are_well_where_they_can_be_made(home):
    found = folders({"HOME": str(home)})
    assert [finding.status for finding in found] == ["ok"] * 4
    assert all("will be made" in finding.found for finding in found)


@pytest.mark.promise("S0-54")
def test_a_folder_that_this_user_cannot_write_is_a_failure(ordinary_user, tmp_path):
    found = seen_by(ordinary_user, "/dev/shm")
    assert [row[0] for row in found] == ["fail", "fail", "ok", "fail"]
    assert found[0][3] == 'sudo install -d -o "$(id -un)" -m 700 //.config/llmx'
    assert not any("chown" in row[3] for row in found)  # of what is above: here it would be the whole disk


def test_only_a_folder_of_llmx_s_own_is_given_to_this_user(ordinary_user, in_the_open):
    own = in_the_open / "cache/llmx"
    own.mkdir(parents=True)
    own.chmod(0o555)
    own.parent.chmod(0o555)
    assert seen_by(ordinary_user, own.parent)[2][3] == f'sudo chown -R "$(id -un)" {own} && chmod u+rwx {own}'


def test_a_file_in_the_place_of_a_folder_is_a_failure_with_the_command_that_moves_it(tmp_path):
    (tmp_path / "a file").write_text("")
    finding = folders({"HOME": str(tmp_path), "XDG_STATE_HOME": f"{tmp_path}/a file"})[3]
    assert finding.status == "fail"
    assert finding.fix == f"mv '{tmp_path}/a file' '{tmp_path}/a file'.old"


def test_the_room_is_told_once_for_each_file_system(home):
    [finding] = disk({"HOME": str(home)})
    assert "GiB free" in finding.found


@pytest.mark.parametrize(
    ("free", "status"), [(LITTLE, "ok"), (LITTLE - 1, "warn"), (TOO_LITTLE, "warn"), (TOO_LITTLE - 1, "fail")]
)
def test_little_room_is_a_warning_and_hardly_any_a_failure(free, status):
    assert room_status(free) == status


def test_the_nearest_folder_that_exists_is_found(tmp_path):
    assert existing(f"{tmp_path}/a/b/c") == str(tmp_path)
    assert existing("/nonexistent/a") == "/"
