"""What every mechanism of the sandbox keeps to: our own ones, and one that an installed package adds."""

import json
import os
import shutil
import sys

import pytest

from llmx.core.sandbox.degraded import DEGRADED
from tests.exec.conftest import LLM_EXEC, REPOSITORY, places

PACKAGE = '''
"""A mechanism as a package would add it: bubblewrap by hand, less most of what ours does."""

from llmx.core.sandbox import Enclosure


def enclose(plan, program, argv, abilities):
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for path in (*plan.hidden, "/tmp", "/var/tmp"):
        words += ["--tmpfs", path]
    for path in plan.readable:
        words += ["--ro-bind", path, path]
    for path in plan.writable:
        words += ["--bind", path, path]
    for path in plan.protected:
        words += ["--ro-bind", path, path]
    words += ["--chdir", plan.cwd, "--", program, *argv[1:]]
    weaker = ["seccomp", "nested_namespaces", "tmp_size", "unix_sockets"]
    return Enclosure(
        "minibox", abilities.bwrap, words, plan.env, degraded=weaker, missing=("exact_signal",), guarded=True
    )
'''
BROKEN = "def enclose(plan, program, argv, abilities):\n    raise OSError('the engine is not running')\n"
MECHANISMS = ["bubblewrap", "landlock", "minibox"]


@pytest.fixture
def place(ordinary_user):
    """A user's home with a project, and an installed package that offers ``minibox``."""
    with places() as make:
        yield furnished(make(ordinary_user.pw_uid, ordinary_user.pw_dir))


def furnished(place):
    """``place`` with a project and the package."""
    place.tool = LLM_EXEC
    place.work = place.folder / "work"
    place.work.mkdir()
    shutil.chown(place.work, place.uid, place.uid)
    install(place, "minibox", PACKAGE)
    return place


def write(place, name, text):
    """A file in the home, the user's like every folder above it."""
    file = place.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    for path in (file, *file.parents[: len(file.relative_to(place.folder).parts) - 1]):
        shutil.chown(path, place.uid, place.uid)
    return file


def install(place, name, code):
    """A package in a folder of its own on Python's path, as pip would lay it out."""
    site = place.folder / "site"
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[llmx.sandboxes]\n{name} = {name}:enclose\n")
    place.env["PYTHONPATH"] = f"{REPOSITORY}:{site}"


class Mechanism:
    """A mechanism of that name, at work in a place."""

    def __init__(self, place, name):
        self.place, self.name = place, name

    def __call__(self, *words, options=(), env=None):
        """Run llm-exec in the project with it; the result."""
        chosen = {"LLMX_EXEC__MECHANISM": self.name} | (env or {})
        ran = self.place.run("--json=full", *options, "--", *words, cwd=self.place.work, env=chosen, patience=60)
        result = ran.result
        assert ran.code == result["exit_code"], ran
        return result


@pytest.fixture(params=MECHANISMS)
def run(request, place):
    return Mechanism(place, request.param)


def test_the_result_names_it_and_what_it_does_not_enforce(run):
    sandbox = run("true")["sandbox"]
    assert sandbox["mechanism"] == run.name
    assert sandbox["level"] == ("degraded" if sandbox["degraded"] else "full")
    assert set(sandbox["degraded"]) <= DEGRADED.keys()


def test_the_exit_code_the_output_and_the_words_are_the_commands_own(run, place):
    result = run("sh", "-c", 'printf "%s|" "$@"; pwd; echo err >&2; exit 7', "sh", "a b", "", "--x", "$HOME")
    assert (result["status"], result["exit_code"]) == ("failed", 7)
    assert result["stdout"] == f"a b||--x|$HOME|{place.work}\n"
    assert result["stderr"] == "err\n"


def test_what_is_written_in_the_project_stays_and_nothing_is_written_elsewhere(run, place):
    run("sh", "-c", "echo new > made; for f in ~/escaped /etc/escaped /usr/escaped; do echo x > $f; done 2>/dev/null")
    assert (place.work / "made").read_text() == "new\n"
    assert not any(map(os.path.exists, (place.folder / "escaped", "/etc/escaped", "/usr/escaped")))


def test_what_is_hidden_is_not_read(run, place):
    write(place, ".ssh/id", "-----the key-----")
    write(place, ".gitconfig", "[user]\n\tname = Ada\n")
    result = run("sh", "-c", f"cat ~/.gitconfig; cat {place.folder}/.ssh/id ~/.ssh/id")
    assert result["stdout"] == "[user]\n\tname = Ada\n"
    assert run("cat", f"{place.folder}/.ssh/id", options=["--read", f"{place.folder}/.ssh"])["stdout"].startswith("-")


def test_the_environment_is_the_plans(run):
    result = run("env", env={"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "KEPT": "no"}, options=["--env", "SET=yes"])
    names = {line.partition("=")[0] for line in result["stdout"].splitlines()}
    assert {"SET", "HOME", "PATH", "XDG_CACHE_HOME"} <= names
    assert not {"AWS_SECRET_ACCESS_KEY", "KEPT"} & names
    assert {"AWS_SECRET_ACCESS_KEY", "KEPT"} <= set(result["sandbox"]["dropped_env"])


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [(["no-such-command"], 127, "not_found"), (["/etc/passwd"], 126, "not_executable")],
)
def test_what_cannot_be_started_says_so(run, words, code, error):
    result = run(*words)
    assert (result["exit_code"], result["setup_error"]["code"]) == (code, error)


def test_a_timeout_ends_all_of_it(run, place):
    result = run("sh", "-c", "sleep 60 & setsid sleep 60 & sleep 60", options=["--timeout", "0.3", "--grace", "0.1"])
    assert (result["status"], result["exit_code"]) == ("timeout", 124)
    assert place.survivors() == {}


def test_files_that_run_later_are_put_back(run, place):
    place.run(program=["git", "init", "-q", "."], cwd=place.work)
    result = run("sh", "-c", "echo 'rm -rf ~' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push")
    assert [change["path"] for change in result["changed_sensitive"]] == [".git/hooks/pre-push"]
    assert not (place.work / ".git/hooks/pre-push").exists()


def test_where_the_full_level_is_required_a_weaker_one_runs_nothing(run, place):
    weaker = bool(run("true")["sandbox"]["degraded"])
    result = run("touch", "made", env={"LLMX_EXEC__SANDBOX": "required"})
    assert (result["exit_code"] == 125) == weaker
    assert (place.work / "made").exists() != weaker


@pytest.mark.promise("S0-62")
def test_a_packages_mechanism_is_chosen_by_the_settings_and_explained(place):
    file = write(place, ".config/llmx/config.toml", '[exec]\nmechanism = "minibox"\n')
    assert place.run("--json", "--", "true", cwd=place.work).result["sandbox"]["mechanism"] == "minibox"
    told = json.loads(place.run("--explain", "--json", "--", "true", cwd=place.work).out)
    assert told["sandbox"]["mechanism"] == "minibox"
    file.unlink()
    assert place.run("--json", "--", "true", cwd=place.work).result["sandbox"]["mechanism"] == "bubblewrap"


@pytest.mark.promise("S0-62")
@pytest.mark.parametrize(
    ("name", "hint"),
    [("minbox", "did you mean minibox?"), ("docker", "one of bubblewrap, landlock, seatbelt, minibox")],
)
def test_a_name_that_nobody_knows_runs_nothing_and_names_those_that_are_known(place, name, hint):
    ran = place.run("--json", "--", "touch", "made", cwd=place.work, env={"LLMX_EXEC__MECHANISM": name})
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "sandbox")
    assert ran.result["hints"][0].startswith(hint)
    assert not (place.work / "made").exists()


def test_one_that_does_not_work_here_is_not_replaced_in_silence(place):
    env = {"LLMX_EXEC__MECHANISM": "bubblewrap", "PATH": f"{sys.prefix}/bin:{place.folder}"}
    ran = place.run("--json", "--", "/bin/true", cwd=place.work, env=env)
    assert ran.code == 125
    assert "does not work on this machine" in ran.result["setup_error"]["message"]
    assert place.run("--json", "--", "/bin/true", cwd=place.work, env=env | {"LLMX_EXEC__MECHANISM": ""}).code == 0


def test_a_packages_mechanism_that_fails_is_an_error_and_not_a_traceback(place):
    install(place, "broken", BROKEN)
    ran = place.run("--", "true", cwd=place.work, env={"LLMX_EXEC__MECHANISM": "broken"})
    assert ran.code == 125
    assert b"the engine is not running" in ran.err
    assert b"Traceback" not in ran.err


def test_neither_a_stranger_nor_a_variable_behind_a_lock_chooses_a_weaker_one(place):
    (place.work / "llmx.toml").write_text('exec.mechanism = "minibox"\n')
    shutil.chown(place.work / "llmx.toml", place.uid, place.uid)
    ran = place.run("--json", "--", "true", cwd=place.work)
    assert ran.result["sandbox"]["mechanism"] == "bubblewrap"
    assert b"is not trusted, so its exec.mechanism is ignored" in ran.err
    (place.work / "llmx.toml").unlink()
    write(place, ".config/llmx/config.toml", "[exec.policy]\nlock = true\n")
    ran = place.run("--json", "--", "true", cwd=place.work, env={"LLMX_EXEC__MECHANISM": "minibox"})
    assert ran.result["sandbox"]["mechanism"] == "bubblewrap"
    assert b"LLMX_EXEC__MECHANISM is ignored" in ran.err
