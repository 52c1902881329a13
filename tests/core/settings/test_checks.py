"""The doctor's checks of the settings and of what is trusted."""

import pytest

from llmx import paths
from llmx.core.settings.checks import mend, settings, trust
from llmx.core.settings.trust import trust as record


@pytest.fixture
def env(home, tmp_path, monkeypatch):
    """An environment whose project folder is the current one."""
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(tmp_path / "etc.toml"))
    monkeypatch.chdir(tmp_path)
    (home / ".config/llmx").mkdir(parents=True)
    return {"HOME": str(home)}


def user_file(env):
    return paths.config_dir(env) + "/config.toml"


def test_defaults_alone_are_valid(env):
    assert settings(env)[0] == ("ok", "valid: the defaults, there is no file", "", "")


def test_the_files_in_use_are_named(env, tmp_path):
    (tmp_path / "llmx.toml").write_text("exec.grace = 3\n")
    [finding] = settings(env)
    assert finding.status == "ok"
    assert f"{tmp_path}/llmx.toml" in finding.found


@pytest.mark.promise("S0-54")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("=", "config.toml:1:1"),
        ("exec.grace = 'x'", "exec.grace"),
        ("exce = 1", "unknown key exce"),
        ("[hooks]\nllm_exec = 'yes'", "config.toml:2: hooks.llm_exec: it must be true or false"),
        ("[permissions]\nallow = 'git'", "config.toml:2: permissions.allow: it must be a list of strings"),
        ("[mcp.servers.a]\nfoo = 1", "config.toml:2: mcp.servers.a.foo"),
    ],
)
def test_a_file_that_says_something_wrong_is_a_failure_and_can_be_edited(env, text, found):
    with open(user_file(env), "w") as file:
        file.write(text)
    [finding] = settings(env)
    assert (finding.status, finding.fix) == ("fail", "llmx config edit")
    assert found in finding.found


def test_a_variable_that_says_something_wrong_is_a_failure(env):
    [finding] = settings(env | {"LLMX_EXEC__GRACE": "soon"})
    assert (finding.status, finding.fix) == ("fail", "unset LLMX_EXEC__GRACE")


def test_what_is_left_out_of_a_strangers_project_is_a_warning(env, tmp_path):
    (tmp_path / "llmx.toml").write_text('llm.api_base = "http://elsewhere"\n')
    [finding] = settings(env)
    assert finding.status == "warn"
    assert "llm.api_base is ignored" in finding.found


SOURCES = {
    "/a/llmx.toml:7": '"${EDITOR:-vi}" +7 /a/llmx.toml',
    "/a b/llmx.toml": "\"${EDITOR:-vi}\" '/a b/llmx.toml'",
    "LLMX_PROFILE": "unset LLMX_PROFILE",
    "": "llmx config show --sources",
}


@pytest.mark.parametrize(("source", "fix"), SOURCES.items())
def test_each_kind_of_place_has_its_command(source, fix):
    assert mend(source, {"LLMX_PROFILE": "x"}) == fix


def test_nothing_trusted_is_well(env):
    assert trust(env)[0].status == "ok"


@pytest.mark.promise("S0-54")
def test_a_trusted_file_that_changed_or_went_is_told_with_its_command(env, tmp_path):
    project = tmp_path / "llmx.toml"
    project.write_text("exec.grace = 3\n")
    record(str(project), env)
    assert trust(env)[0].found == "1 project files are trusted, and none has changed"
    project.write_text("exec.grace = 4\n")
    assert (trust(env)[0].status, trust(env)[0].fix) == ("warn", f"llmx trust {project}")
    project.unlink()
    assert (trust(env)[0].status, trust(env)[0].fix) == ("warn", f"llmx trust revoke {project}")


def test_a_record_that_others_can_write_is_told(env, tmp_path):
    (tmp_path / "llmx.toml").write_text("")
    record(str(tmp_path / "llmx.toml"), env)
    file = f"{paths.state_dir(env)}/trust.json"
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "link").chmod(0o666)
    assert (trust(env)[0].status, trust(env)[0].fix) == ("warn", f"rm {file}")
