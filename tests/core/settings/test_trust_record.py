"""The record of trusted files: private, and worth nothing as soon as anybody else could have written it."""

import json
import stat
import subprocess
import sys

import pytest

from llmx.core.settings.trust import is_trusted, trust, trusted
from llmx.errors import ConfigError

TEXT = "llm.model = 'mine'"


def project_of(machine) -> str:
    return str(machine.files["project"])


@pytest.fixture
def recorded(machine):
    trust(str(machine.write("project", TEXT)), machine.env)
    assert machine.active()["llm.model"] == "mine"
    return machine


def test_it_is_private(recorded):
    assert stat.S_IMODE(recorded.record.stat().st_mode) == 0o600
    assert stat.S_IMODE(recorded.record.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"files": []}',
        '{"files": {"/x": 1}}',
        '{"files": {"/x": {"sha256": 1}}}',
        "[" * 100_000,
        '{"files": {"PATH": {"sha256": "", "since": ""}}}',
        '{"files": {"PATH": {"sha256": null, "since": ""}}}',
    ],
)
def test_a_damaged_one_trusts_nothing(recorded, text):
    recorded.record.write_text(text.replace("PATH", project_of(recorded)))
    assert recorded.active()["llm.model"] is None


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_one_that_others_can_touch_trusts_nothing(recorded, mode):
    recorded.record.chmod(mode)
    assert not is_trusted(project_of(recorded), recorded.env)


def test_one_that_is_a_link_trusts_nothing(recorded):
    recorded.record.rename(recorded.record.with_suffix(".real"))
    recorded.record.symlink_to(recorded.record.with_suffix(".real"))
    assert recorded.active()["llm.model"] is None


def test_one_of_another_user_trusts_nothing(recorded):
    recorded.give_away(recorded.record)
    assert not is_trusted(project_of(recorded), recorded.env)


def test_trusting_twice_keeps_one_row_and_the_others(recorded):
    (recorded.cwd / "llmx.toml").write_text("")
    trust(str(recorded.cwd / "llmx.toml"), recorded.env)
    trust(project_of(recorded), recorded.env)
    assert [entry.path for entry in trusted(recorded.env)] == sorted(
        [project_of(recorded), str(recorded.cwd / "llmx.toml")]
    )
    assert json.loads(recorded.record.read_text())["version"] == 1


def test_a_state_folder_that_cannot_be_written_is_an_error(machine):
    machine.write("project", TEXT)
    machine.record.parent.parent.mkdir(parents=True)
    machine.record.parent.write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cannot keep the trust record"):
        trust(project_of(machine), machine.env)


def test_many_that_trust_at_once_are_all_recorded(machine, tmp_path):
    files = []
    for number in range(12):
        file = tmp_path / str(number) / "llmx.toml"
        file.parent.mkdir()
        file.write_text(TEXT)
        files.append(file)
    code = "import sys; from llmx.core.settings.trust import trust; trust(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", code, str(file)], env=machine.env) for file in files]
    assert [process.wait() for process in running] == [0] * len(files)
    assert {entry.path for entry in trusted(machine.env)} == {str(file) for file in files}
