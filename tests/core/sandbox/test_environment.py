"""The environment of a confined command."""

import os
import stat

import pytest

from llmx.core.sandbox.environment import allowed, asked_for, offline, project_cache, redirected
from llmx.errors import ExecError


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LANG", "LC_ALL", "TERM", "TZ", "CI", "VIRTUAL_ENV", "CONDA_PREFIX", "NVM_DIR", "JAVA_HOME"],
)
def test_what_a_command_needs_is_passed_on(name):
    assert allowed({name: "x"}, ()) == ({name: "x"}, [])


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "BASH_ENV",
        "ENV",
        "PYTHONSTARTUP",
        "PYTHONPATH",
        "NODE_OPTIONS",
        "PERL5OPT",
        "RUBYOPT",
        "GIT_SSH_COMMAND",
        "SSH_AUTH_SOCK",
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_RUNTIME_DIR",
        "DISPLAY",
        "TMPDIR",
        "CONDA_TOKEN",
        "NVM_AUTH_HEADER",
        "path",
        "BASH_FUNC_x%%",
        "GCONV_PATH",
    ],
)
def test_everything_else_is_dropped_and_named_unless_it_is_allowed_by_name(name):
    assert allowed({name: "x"}, ()) == ({}, [name])
    assert allowed({name: "x"}, (name,)) == ({name: "x"}, [])


def test_what_a_shell_makes_for_itself_is_not_worth_a_word():
    assert allowed({"_": "x", "SHLVL": "1", "PWD": "/", "OLDPWD": "/"}, ()) == ({}, [])


def test_a_setting_can_allow_a_family_of_names():
    assert allowed({"AWS_A": "1", "AWS_B": "2", "B": "3"}, ("AWS_*",)) == ({"AWS_A": "1", "AWS_B": "2"}, ["B"])


def test_variables_are_added_by_name_or_with_a_value():
    words = ["A", "B=2", "C=", "D=x=y"]
    assert asked_for(words, {"A": "1", "B": "old"}) == {"A": "1", "B": "2", "C": "", "D": "x=y"}


@pytest.mark.parametrize("word", ["", "=x", "MISSING", "A=\0"])
def test_a_variable_that_cannot_be_added_is_refused(word):
    with pytest.raises(ExecError) as caught:
        asked_for([word], {})
    assert (caught.value.code, caught.value.exit_code) == ("sandbox", 125)
    assert "--env" in str(caught.value.hint)


def test_tools_keep_their_caches_in_the_projects_folder():
    variables = redirected("/c")
    assert variables["XDG_CACHE_HOME"] == "/c"
    assert variables["PIP_CACHE_DIR"] == "/c/pip"
    assert {"UV_CACHE_DIR", "npm_config_cache", "GOCACHE", "GOMODCACHE", "CARGO_HOME"} < set(variables)
    assert len(set(variables.values())) == len(variables)


def test_without_a_network_go_takes_its_modules_from_where_they_are(home):
    assert offline(str(home))["GOPROXY"] == "off"
    (home / "go/pkg/mod/cache/download").mkdir(parents=True)
    assert offline(str(home))["GOPROXY"] == f"file://{home}/go/pkg/mod/cache/download,off"
    wanted = {"npm_config_offline": "true", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "CARGO_NET_OFFLINE": "true"}
    assert wanted.items() <= offline(str(home)).items()


def test_each_project_has_a_private_cache_of_its_own(home):
    works = ["/a/b", "/a_/b", "/a/_b", "/a_-b", "/a-b", "/a__b", "/a//b", f"/{'x' * 300}", f"/{'x' * 301}"]
    folders = [project_cache(work, os.environ) for work in works]
    assert len(set(folders)) == len(works)
    assert all(stat.S_IMODE(os.stat(folder).st_mode) == 0o700 for folder in folders)
    assert all(os.path.dirname(folder) == f"{home}/.cache/llmx/sandbox" for folder in folders)
    assert [project_cache(work, os.environ) for work in works] == folders


@pytest.mark.parametrize("obstacle", ["file", "link"])
def test_a_cache_that_cannot_be_ones_own_is_done_without(home, tmp_path, obstacle):
    place = home / ".cache/llmx/sandbox/a_-b"
    place.parent.mkdir(parents=True)
    if obstacle == "file":
        place.write_text("")
    else:
        place.symlink_to(tmp_path)
    assert project_cache("/a/b", os.environ) == ""


def test_a_home_that_takes_no_folder_is_done_without(home):
    (home / ".cache").write_text("")
    assert project_cache("/a/b", os.environ) == ""
