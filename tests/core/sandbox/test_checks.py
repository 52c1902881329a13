"""What the doctor says of the sandbox, and what mends it."""

import os
import subprocess
from typing import Any

import pytest

from llmx.core.sandbox import Abilities, enclose
from llmx.core.sandbox.checks import judge, sandbox
from llmx.core.sandbox.degraded import DEGRADED
from llmx.core.sandbox.remedies import allow_by_apparmor, allow_namespaces, packager, remedy
from llmx.errors import ExecError
from tests.core.sandbox.test_seatbelt import PLANS

BWRAP: dict[str, Any] = {"bwrap": "/usr/bin/bwrap", "seccomp": True, "disable_userns": True, "tmpfs_size": True}


def test_this_machine_is_looked_at_for_real(home):
    [level, *rest] = sandbox({"HOME": str(home), "PATH": os.environ["PATH"]})
    assert level.status in ("ok", "warn")
    assert (level.status == "ok") == (rest == [])


def test_without_bubblewrap_on_the_path_the_level_is_weaker(home, tmp_path):
    [level, *_] = sandbox({"HOME": str(home), "PATH": str(tmp_path)})
    assert level.status != "ok"
    assert level.found.startswith("bubblewrap is not installed")
    assert "install" in level.fix


def test_the_full_level_is_well():
    assert judge(Abilities(**BWRAP)) == [("ok", "full level, by /usr/bin/bwrap", "", "")]


@pytest.mark.parametrize(("lacks", "name"), [({"seccomp": False}, "seccomp"), ({"tmpfs_size": False}, "tmp_size")])
def test_what_the_full_level_lacks_is_a_warning(lacks, name):
    [level, reason] = judge(Abilities(**BWRAP | lacks))
    assert (level.status, level.meaning) == ("warn", f"not enforced: {name}")
    assert reason == ("warn", f"not enforced: {name}", DEGRADED[name], "")


@pytest.mark.parametrize("problem", ["no_bwrap", "no_userns", "apparmor", "container", "refused", "new_to_us"])
def test_a_weaker_level_is_a_warning_with_what_is_not_enforced(problem):
    [level, *reasons] = judge(Abilities(**BWRAP, problem=problem, landlock=3))
    assert level.status == "warn"
    assert "Landlock (ABI 3)" in level.found
    names = level.meaning.removeprefix("not enforced: ").split(", ")
    assert {"pid_namespace", "signals", "unix_sockets"} < set(names)
    assert [(reason.found, reason.meaning) for reason in reasons] == [
        (f"not enforced: {name}", DEGRADED[name]) for name in names
    ]


@pytest.mark.parametrize("problem", ["no_bwrap", "no_userns", "apparmor", "container", "refused"])
def test_no_level_at_all_fails_with_the_same_fix(problem):
    [finding] = judge(abilities := Abilities(bwrap="/usr/bin/bwrap", problem=problem))
    assert finding.status == "fail"
    assert finding.fix == remedy(abilities)
    assert finding.fix
    with pytest.raises(ExecError) as caught:
        enclose(PLANS["safe"], "/bin/true", ["true"], abilities)
    assert caught.value.exit_code == 125
    assert caught.value.hint == f"{finding.fix}; llmx doctor says more; --no-sandbox runs without a sandbox"


def test_inside_our_own_sandbox_all_is_well():
    assert [finding.status for finding in judge(Abilities(inherited=True))] == ["ok"]


def test_a_mac_is_warned_about():
    [level, reason] = judge(Abilities(problem="macos"))
    assert (level.status, reason.meaning) == ("warn", DEGRADED["untested"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID=debian\n", "sudo apt-get install bubblewrap"),
        ('NAME="x"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt-get install bubblewrap"),
        ('ID="fedora"\n', "sudo dnf install bubblewrap"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install bubblewrap"),
        ("ID=manjaro\nID_LIKE=arch\n", "sudo pacman -S bubblewrap"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "sudo zypper install bubblewrap"),
        ("ID=alpine\n", "sudo apk add bubblewrap"),
        ("ID=nixos\n", "nix profile install nixpkgs#bubblewrap"),
        ("ID=plan9\n", "sudo apt-get install bubblewrap"),
        ("nonsense\n\n", "sudo apt-get install bubblewrap"),
    ],
)
def test_bubblewrap_is_installed_by_the_systems_own_program(tmp_path, text, expected):
    (tmp_path / "os-release").write_text(text)
    assert remedy(Abilities(problem="no_bwrap"), str(tmp_path / "os-release")) == expected


def test_a_system_that_does_not_say_its_name_is_taken_for_debian(tmp_path):
    assert packager(str(tmp_path / "os-release")) == "apt-get"


def test_apparmors_packaged_profile_is_preferred(tmp_path):
    packaged = tmp_path / "bwrap-userns-restrict"
    packaged.write_text("")
    assert allow_by_apparmor("/usr/bin/bwrap", str(packaged)).startswith(f"sudo cp {packaged} /etc/apparmor.d/ && ")
    assert "sudo tee" in allow_by_apparmor("/opt/my tools/bwrap", str(packaged))


def test_else_the_fix_writes_a_profile_for_this_bubblewrap(tmp_path):
    fix = allow_by_apparmor("/usr/bin/bwrap", str(tmp_path / "absent"))
    write, _, load = fix.partition(" && ")
    printed = subprocess.run(["sh", "-c", write.partition(" | ")[0]], capture_output=True, text=True, check=True)
    assert printed.stdout.splitlines() == [
        "abi <abi/4.0>,",
        "include <tunables/global>",
        "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }",
    ]
    assert load == "sudo apparmor_parser -r /etc/apparmor.d/bwrap"


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"kernel/unprivileged_userns_clone": "0"}, "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"kernel/unprivileged_userns_clone": "1", "user/max_user_namespaces": "0"}, "user.max_user_namespaces=10000"),
        ({}, "sudo sysctl -w user.max_user_namespaces=10000"),
    ],
)
def test_the_switch_that_is_off_is_the_one_to_turn_on(tmp_path, switches, expected):
    for name, value in switches.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    assert allow_namespaces(str(tmp_path)).endswith(expected)


def test_a_container_is_to_be_started_otherwise():
    assert "--security-opt seccomp=unconfined" in remedy(Abilities(problem="container"))
