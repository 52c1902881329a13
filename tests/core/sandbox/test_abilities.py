"""What this machine can enforce is found out once, by trying, and believed only from a file of one's own."""

import os

import pytest

from llmx.core.sandbox import Abilities, abilities, probe
from llmx.core.sandbox.abilities import cache_file, find_bwrap, key, read_cached

FULL = Abilities(bwrap="/usr/bin/bwrap", disable_userns=True, tmpfs_size=True, seccomp=True, landlock=7)


def values(found):
    return {name: getattr(found, name) for name in Abilities.__slots__}


@pytest.fixture
def env(home):
    return {"HOME": str(home), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def program(tmp_path):
    """A stand-in for bwrap that does what the test says."""

    def make(script):
        file = tmp_path / "bin/bwrap"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return str(file)

    return make


def test_the_real_one_is_found_to_work_here(env):
    found = probe.abilities(env)
    assert (found.problem, found.bwrap, found.seccomp) == ("", "/usr/bin/bwrap", True)
    assert found.disable_userns
    assert found.landlock >= 1


def test_what_was_found_is_remembered(env):
    assert read_cached(env) is None
    found = probe.abilities(env)
    assert values(read_cached(env)) == values(found)


def test_another_bwrap_is_tried_anew(env, program, monkeypatch):
    monkeypatch.setattr(abilities, "is_of_the_system", lambda path: True)
    probe.abilities(env)
    other = {**env, "PATH": os.path.dirname(program("exit 1"))}
    assert read_cached(other) is None
    assert probe.abilities(other).problem
    assert values(read_cached(other))["problem"]
    os.utime(find_bwrap(other), ns=(1, 1))
    assert read_cached(other) is None


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666, 0o777])
def test_a_file_that_others_may_write_or_read_is_not_believed(env, mode):
    probe.abilities(env)
    os.chmod(cache_file(env), mode)
    assert read_cached(env) is None


def test_a_file_of_another_user_is_not_believed(env, ordinary_user):
    if os.getuid() != 0:
        pytest.skip("only root can give a file away; CI runs as root")
    probe.abilities(env)
    os.chown(cache_file(env), ordinary_user.pw_uid, -1)
    assert read_cached(env) is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xa9\x02", b"i\x01\x00\x00\x00", b"\xfb\xff\xff\xff\xff"])
def test_a_broken_file_is_no_obstacle(env, content):
    probe.abilities(env)
    with open(cache_file(env), "wb") as file:
        file.write(content)
    assert read_cached(env) is None
    assert probe.abilities(env).problem == ""


def test_a_link_in_its_place_is_not_followed(env, tmp_path):
    probe.abilities(env)
    os.rename(cache_file(env), tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", cache_file(env))
    assert read_cached(env) is None


def test_a_cache_that_cannot_be_written_only_costs_time(env, tmp_path):
    (tmp_path / "file").write_text("")
    env = {**env, "XDG_CACHE_HOME": str(tmp_path / "file")}
    assert probe.abilities(env).problem == ""
    assert read_cached(env) is None


def test_without_bwrap_the_rest_is_told(env, tmp_path):
    found = probe.abilities({**env, "PATH": str(tmp_path)})
    assert (found.bwrap, found.problem) == ("", "no_bwrap")
    assert found.landlock == probe.landlock_abi()


def test_a_bwrap_on_a_relative_path_is_not_taken(env, tmp_path, monkeypatch, program):
    program("exit 0")
    monkeypatch.chdir(tmp_path)
    assert find_bwrap({**env, "PATH": "bin"}) == ""


def test_one_that_a_confined_command_may_have_put_there_is_passed_over(env, tmp_path, program):
    """A virtual environment's folder stands first on PATH, lies in the work tree, and can be written to inside."""
    planted = program(f'touch {tmp_path}/ran; exec /usr/bin/bwrap "$@"')
    path = f"{os.path.dirname(planted)}:/usr/bin"
    assert find_bwrap({**env, "PATH": path}) == probe.abilities({**env, "PATH": path}).bwrap == "/usr/bin/bwrap"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("target", ["/usr/bin/env", "/bin/sh"])
def test_a_link_to_another_program_of_the_system_is_passed_over(env, tmp_path, target):
    (tmp_path / "bwrap").symlink_to(target)
    assert find_bwrap({**env, "PATH": str(tmp_path)}) == ""


OLDER = """
case "$*" in
  --help) echo "{options}"; exit 0;;
  *--disable-userns*) {disable};;
esac
exit 0
"""


@pytest.mark.parametrize(
    ("options", "disable", "expected"),
    [
        ("--size --disable-userns", "exit 0", (True, True)),
        ("--size", "echo 'Unknown option --disable-userns' >&2; exit 1", (False, True)),
        ("--size --disable-userns", "echo 'no sysctl' >&2; exit 1", (False, True)),
        ("", "exit 1", (False, False)),
    ],
)
def test_options_that_it_lacks_are_done_without(env, program, options, disable, expected):
    bwrap = program(OLDER.format(options=options, disable=disable))
    found = probe.probe(bwrap, env)
    assert (found.problem, found.disable_userns, found.tmpfs_size) == ("", *expected)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("bwrap: No permissions to create new namespace, likely because the kernel does not allow it", "no_userns"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "no_userns"),
        ("bwrap: something else", "refused"),
    ],
)
def test_why_it_does_not_work_has_a_name(env, program, monkeypatch, said, problem):
    bwrap = program(f"echo '{said}' >&2; exit 1")
    for inside in (False, True):
        monkeypatch.setattr(probe, "in_container", lambda inside=inside: inside)
        assert probe.probe(bwrap, env).problem == ("container" if inside else problem)


def test_the_answer_depends_on_kernel_user_and_namespace(env):
    assert {os.uname().release, os.geteuid(), "/usr/bin/bwrap"} <= set(key(env, "/usr/bin/bwrap"))
    assert os.stat("/proc/self/ns/user").st_ino in key(env, "")
