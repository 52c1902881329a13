"""The checks of interpreter, scripts and packages."""

import importlib.metadata
import sys

import pytest

from llmx.core.doctor.dependencies import EXTRAS, conflicts, dependencies, extras
from llmx.core.doctor.installation import python, scripts

OLD_PIP = """#!/usr/bin/python3
# -*- coding: utf-8 -*-
import re
import sys
from llmx.__main__ import main
"""


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_the_interpreter_is_named():
    assert sys.executable in python({})[0].found


def test_a_script_of_an_old_pip_is_told_with_the_commands_that_replace_it(tmp_path):
    program(tmp_path, "llmx", OLD_PIP)
    program(tmp_path, "llm-exec", OLD_PIP.replace("import re\n", ""))
    old, new = scripts({"PATH": str(tmp_path)})
    assert old.status == "warn"
    assert f"{tmp_path}/llmx imports re" in old.found
    assert old.fix.startswith(f"{sys.executable} -m pip install -U pip && ")
    assert new.status == "ok"


def test_programs_that_are_not_on_the_path_are_told(tmp_path):
    assert [finding.status for finding in scripts({"PATH": str(tmp_path)})] == ["warn", "warn"]


def installed(folder, name, version="1.0", needs=()):
    """Metadata of a package, as an installer leaves it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    (info / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return tmp_path


def faults(name):
    return list(conflicts(importlib.metadata.distribution(name), {}))


NEEDS = {
    "a version that fits": (["llmx-test-b>=1"], "1.0", []),
    "another version": (["llmx-test-b>=2"], "1.0", ["llmx-test-a needs llmx-test-b>=2, and 1.0 is installed"]),
    "a package that is not there": (["llmx-test-c"], "1.0", ["llmx-test-a needs llmx-test-c, which is not installed"]),
    "an extra nobody asked for": (["llmx-test-c; extra == 'x'"], "1.0", []),
    "another system's package": (["llmx-test-c; sys_platform == 'nowhere'"], "1.0", []),
}


@pytest.mark.promise("S0-54")
@pytest.mark.parametrize(("needs", "version", "expected"), NEEDS.values(), ids=NEEDS)
def test_a_conflict_names_both_sides(packages, needs, version, expected):
    installed(packages, "llmx-test-a", needs=needs)
    installed(packages, "llmx-test-b", version)
    assert faults("llmx-test-a") == expected


def test_conflicts_are_looked_for_all_the_way_down_and_circles_end(packages):
    installed(packages, "llmx-test-a", needs=["llmx-test-b"])
    installed(packages, "llmx-test-b", needs=["llmx-test-a", "llmx-test-c>3"])
    installed(packages, "llmx-test-c", "3.0")
    assert faults("llmx-test-a") == ["llmx-test-b needs llmx-test-c>3, and 3.0 is installed"]


def test_a_conflict_of_llmx_itself_is_a_failure(packages):
    installed(packages, "llmx-toolkit", "9.9", needs=["llmx-test-c>3"])
    [finding] = dependencies({})
    assert finding.status == "fail"
    assert finding.fix == f"{sys.executable} -m pip install --upgrade llmx-toolkit"


def test_an_extra_has_an_install_command_only_where_this_version_has_it(packages, monkeypatch):
    monkeypatch.setattr("llmx.core.doctor.dependencies.find_spec", lambda module: None)
    assert [finding.status for finding in extras({})] == ["ok"] * len(EXTRAS)
    installed(packages, "llmx-toolkit", "9.9")
    info = packages / "llmx_toolkit-9.9.dist-info/METADATA"
    info.write_text(info.read_text() + "Provides-Extra: mlx\n")
    by_name = {finding.found.split(":")[0]: finding for finding in extras({})}
    assert by_name["mlx"].fix == "pip install 'llmx-toolkit[mlx]'"
    assert by_name["keyring"].fix == ""
