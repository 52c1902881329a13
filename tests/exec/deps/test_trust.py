"""The step outside of the sandbox is steered by nothing that a command inside may have written, nor past a lock."""

import os
import sys

import pytest

from tests.exec.conftest import REPOSITORY

DAEMON = "/nix/var/nix/daemon-socket"
DEPS = ("--nix-shell", "--deps", "fd")
EVIL = "{ ... }: builtins.trace ''evil was evaluated'' (throw ''evil'')"
SEEN = ("NIX_PATH", "NIX_CONFIG", "HOME", "XDG_CONFIG_HOME")
TELLS = f"""#!/bin/sh
echo "error: {", ".join(f"{name} is [${name}]" for name in SEEN)}" >&2
exit 1
"""


def message(ran, code=125):
    assert ran.code == code, ran
    return ran.result["setup_error"]["message"]


@pytest.fixture
def settings(place):
    """The user's own settings."""

    def write(text):
        (place.folder / ".config/llmx").mkdir(parents=True)
        (place.folder / ".config/llmx/config.toml").write_text(text)

    return write


@pytest.fixture
def tells(place):
    """An environment with a Nix that only tells what it was handed, where no sandboxed command can write."""
    (place.folder / "told").mkdir()
    for name in ("nix-shell", "nix-instantiate", "nix-store", "nix"):
        place.write(f"told/{name}", TELLS, 0o755)
    return {"PATH": f"{place.folder}/told:/usr/bin:/bin"}


@pytest.mark.parametrize(
    "value",
    ["nixpkgs=./set", "nixpkgs=set", "set:/x", "nixpkgs={work}/set", "nixpkgs={link}", "other=/x:nixpkgs={work}/set"],
)
def test_a_nixpkgs_in_the_work_tree_is_not_evaluated(place, run, value):
    (place.work / "set").mkdir()
    place.write("work/set/default.nix", EVIL)
    link = place.folder / "link"
    link.symlink_to(place.work / "set")
    ran = run("--json", *DEPS, "--", "fd", env={"NIX_PATH": value.format(work=place.work, link=link)})
    assert "lies where commands in the sandbox may write" in message(ran)
    assert "evil" not in message(ran)


def test_a_file_of_the_work_tree_that_nixpkgs_reads_builds_nothing(place, run):
    place.write("work/fd.nix", "program: throw ''evil''")
    (place.nixpkgs / "fd.nix").unlink()
    (place.nixpkgs / "fd.nix").symlink_to(place.work / "fd.nix")
    assert run("--json", *DEPS, "--", "fd").code == 125
    place.write("work/fd.nix", "program: program ''fd-10'' ''fd'' ''echo evil''")
    assert "work/fd.nix lies where commands in the sandbox may write" in message(run("--json", *DEPS, "--", "fd"))


@pytest.mark.parametrize("name", ["NIX_CONF_DIR", "NIX_USER_CONF_FILES", "NIX_CONFIG"])
def test_a_configuration_of_nix_in_the_work_tree_is_refused(place, run, name):
    value = f"plugin-files = {place.work}/evil.so" if name == "NIX_CONFIG" else str(place.work)
    assert name in message(run("--json", *DEPS, "--", "fd", env={name: value}))


def test_a_setting_of_nixpkgs_that_is_a_link_into_the_work_tree_is_refused(place, run):
    place.write("work/config.nix", "throw ''evil''")
    (place.folder / ".config/nixpkgs").mkdir(parents=True)
    (place.folder / ".config/nixpkgs/config.nix").symlink_to(place.work / "config.nix")
    assert "config.nix lies where commands in the sandbox may write" in message(run("--json", *DEPS, "--", "fd"))


def test_a_nix_in_the_work_tree_is_not_run(place, run):
    (place.work / "bin").mkdir()
    for name in ("nix-shell", "nix-instantiate", "nix-store", "nix"):
        place.write(f"work/bin/{name}", TELLS, 0o755)
    ran = run(*DEPS, "--", "fd", ".", env={"PATH": f"{place.work}/bin:bin:{place.env['PATH']}"})
    assert (ran.code, ran.out) == (0, b"fd from Nix: .\n")


def test_what_other_folders_may_be_written_counts_too(place, run):
    ran = run("--json", "--write", str(place.nixpkgs), *DEPS, "--", "fd")
    assert "lies where commands in the sandbox may write" in message(ran)


@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "free"])
def test_behind_a_lock_the_callers_variables_do_not_steer_nix(place, run, settings, tells, is_locked):
    settings(f"[exec.policy]\nlock = {str(is_locked).lower()}\n")
    env = {**tells, "NIX_PATH": "nixpkgs=/elsewhere", "NIX_CONFIG": "cores = 1"}
    env["XDG_CONFIG_HOME"] = f"{place.folder}/.config"
    told = message(run("--json", *DEPS, "--", "fd", env=env))
    assert ("NIX_PATH is []" in told) is is_locked
    assert ("NIX_CONFIG is []" in told) is is_locked
    assert ("XDG_CONFIG_HOME is []" in told) is is_locked
    assert (f"HOME is [{place.folder}]" in told) is not is_locked


def test_behind_a_lock_no_package_may_bring_what_a_rule_allows(run, settings):
    settings('[exec.policy]\nlock = true\nallow = ["fd *"]\n')
    assert "exec.policy.allow" in message(run("--json", *DEPS, "--", "fd", "."), 126)


def test_rules_hold_for_commands_with_packages(run, settings):
    settings('[exec.policy]\ndeny = ["fd *"]\n')
    assert "exec.policy.deny" in message(run("--json", *DEPS, "--", "fd", "."), 126)


@pytest.mark.promise("S0-13")
def test_a_setting_forbids_it(run, settings):
    settings("[exec.nix_shell]\nenabled = false\n")
    assert "exec.nix_shell.enabled" in message(run("--json", *DEPS, "--", "fd"), 126)


def test_a_project_may_forbid_it_but_not_allow_it(place, run, settings):
    settings("[exec.nix_shell]\nenabled = false\n")
    place.write("work/llmx.toml", "[exec.nix_shell]\nenabled = true\n")
    assert "exec.nix_shell.enabled" in message(run("--json", *DEPS, "--", "fd"), 126)


@pytest.mark.promise("S0-13")
@pytest.mark.parametrize("keeps_out", [True, False])
def test_the_machines_libraries_are_kept_out_of_nixs_programs_unless_a_setting_says_otherwise(run, keeps_out):
    env = {"LD_LIBRARY_PATH": "/foreign", "LLMX_EXEC__NIX_SHELL__SANDBOX": str(keeps_out).lower()}
    ran = run("--no-sandbox", *DEPS, "--", "sh", "-c", "fd; echo [$LD_LIBRARY_PATH]", env=env)
    assert ran.out.endswith(b"[]\n" if keeps_out else b"[/foreign]\n")


def test_an_inner_llm_exec_says_that_packages_come_from_outside(place, run):
    inside = ["--read", str(REPOSITORY), "--read", sys.prefix, "--env", f"PYTHONPATH={REPOSITORY}"]
    words = (*inside, "--", sys.executable, "-m", "llmx", "exec", "--json", *DEPS, "--", "fd")
    ran = run(*words, env={"LLMX_EXEC__SANDBOX": "required"})
    assert "inside of one" in message(ran)


def test_the_log_names_the_packages(place, run):
    run(*DEPS, "--", "fd")
    assert place.audit()[0]["deps"] == [{"source": "nix", "packages": ["fd"]}]


@pytest.mark.skipif(not os.path.isdir(DAEMON), reason=f"LOUD: no {DAEMON} here, which Debian's nix-bin makes")
@pytest.mark.parametrize("level", ["safe", "restricted"])
def test_the_socket_of_nixs_daemon_which_has_the_network_is_out_of_reach(run, level):
    assert run("--level", level, "--", "ls", "-A", DAEMON).out == b""
    shown = run("--level", level, "--", "stat", "-f", "-c", "%T", DAEMON).out
    assert shown == b"tmpfs\n"
