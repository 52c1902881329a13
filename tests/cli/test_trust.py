"""``llmx trust``, run as a user would."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx import paths
from llmx.cli.trust import app
from llmx.core.settings.trust import is_trusted
from llmx.errors import ConfigError, LlmxError, NotFoundError, UsageError
from tests.templates.own import write

TEXT = "exec.grace = 1\n\n[llm]\nmodel = 'qwen'\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a file, and the working directory in a folder of it."""
    for name in [name for name in os.environ if name.startswith(("LLMX_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home" / "project"
    (folder / "src").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(folder / "src")
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(tmp_path / "etc.toml"))
    (folder / "llmx.toml").write_text(TEXT)
    return folder / "llmx.toml"


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("words", [[], ["../llmx.toml"], [".."], ["add", ".."]])
def test_a_file_is_trusted_by_its_path_its_folder_or_as_the_nearest(project, words):
    text = run(*words)
    assert text.splitlines()[0].startswith(f"{project} is trusted until it changes (sha256:")
    assert text.splitlines()[1:] == ["  line 4: llm.model = 'qwen'"]
    assert is_trusted(str(project))


def test_as_json_it_gives_the_hash_that_the_variable_takes(project):
    found = json.loads(run("--output", "json"))
    assert found["sha256"] == hashlib.sha256(project.read_bytes()).hexdigest()
    assert (found["path"], found["allows"]) == (str(project), ["llm.model"])


@pytest.mark.parametrize("text", ["broken", "nothing = 1", "llm.model = 7"])
def test_a_file_that_llmx_cannot_read_is_not_trusted(project, text):
    project.write_text(text)
    with pytest.raises(ConfigError):
        run()
    assert not is_trusted(str(project))


def test_a_link_is_not_trusted(project):
    Path("llmx.toml").symlink_to(project)
    with pytest.raises(UsageError, match="symbolic link"):
        run()


@pytest.mark.parametrize("words", [["nowhere.toml"], ["."], ["revoke", "nowhere.toml"], ["revoke"]])
def test_what_is_not_there_or_not_trusted_is_not_found(project, words):
    with pytest.raises(NotFoundError):
        run(*words)


def test_without_a_project_there_is_nothing_to_trust(project):
    project.unlink()
    with pytest.raises(NotFoundError, match=r"no llmx\.toml in this folder or above"):
        run()


def test_the_list_says_what_still_stands(project):
    assert run("list") == ""
    run()
    assert run("list").split()[0] == "trusted"
    project.write_text(TEXT + "\n")
    assert run("list").split()[0] == "changed"
    project.unlink()
    assert [row["state"] for row in json.loads(run("list", "--output", "json"))] == ["gone"]


def test_revoking_ends_it(project):
    run()
    assert json.loads(run("revoke", "--output", "json")) == {"path": str(project), "revoked": True}
    assert not is_trusted(str(project))
    with pytest.raises(LlmxError):
        run("revoke")


def test_help_names_both_ways(project):
    text = run("--help")
    assert "list" in text
    assert "revoke" in text


def test_a_templates_folder_is_trusted_with_all_its_files(project):
    folder = write(project.parent / ".llmx" / "templates" / "counting")
    first, *files = run(str(folder)).splitlines()
    assert first.startswith(f"{folder} is trusted until it changes (sha256:")
    assert [line.strip() for line in files] == ["'phases.py'", "'template.toml'"]
    assert json.loads(run(f"{folder}/", "--output", "json"))["path"] == str(folder)
    assert run("list").split()[0] == "trusted"
    (folder / "phases.py").write_text("")
    assert run("list").split()[0] == "changed"
    run("revoke", str(folder))
    assert run("list") == ""
