"""What stands between the options and the sources: which source is asked, plug-ins among them, and --explain."""

import json

import pytest

from tests.exec.conftest import REPOSITORY

PLUGIN = """
import os

from llmx.errors import UsageError
from llmx.exec.deps.kept import Environment


class Orchard:
    name = "orchard"
    title = "the orchard"

    def parse(self, text):
        if "rotten" in text:
            raise UsageError("rotten: not a fruit")
        return text.split()

    def key(self, wanted, place):
        return repr(wanted.names)

    def resolve(self, wanted, place, folder):
        os.mkdir(f"{folder}/bin")
        for name in wanted.names:
            with open(f"{folder}/bin/{name}", "w") as file:
                file.write(f"#!/bin/sh\\\\necho {name} of $TREE\\\\n")
            os.chmod(file.name, 0o755)
        return Environment([f"{folder}/bin"], {"TREE": "tree"}, shown=[folder], needed=[f"{folder}/bin"])

    def package_of(self, command):
        return ""


SOURCE = Orchard()
"""


@pytest.fixture
def orchard(place):
    """An environment in which a package is installed that brings a source."""
    folder = place.folder / "site"
    (folder / "orchard-1.dist-info").mkdir(parents=True)
    (folder / "orchard-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: orchard\nVersion: 1\n")
    (folder / "orchard-1.dist-info/entry_points.txt").write_text("[llmx.deps]\norchard = orchard:SOURCE\n")
    (folder / "orchard.py").write_text(PLUGIN.replace("\\\\n", "\\n"))
    return {"PYTHONPATH": f"{REPOSITORY}:{folder}"}


def test_a_plug_ins_source_is_asked_by_name_and_kept_like_the_others(run, orchard):
    words = ("--json", "--deps-from", "orchard", "--deps", "plum", "--deps", "pear", "--", "pear")
    first, second = (run(*words, env=orchard).result for _ in range(2))
    assert (first["stdout"], second["stdout"]) == ("pear of tree\n", "pear of tree\n")
    assert [result["deps"][0]["cached"] for result in (first, second)] == [False, True]
    assert first["deps"][0]["packages"] == ["pear", "plum"]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--deps", "fd"], "--deps: nothing says where packages come from", "--nix-shell --deps 'fd'"),
        (["--nix-pure"], "--nix-pure: nothing says where packages come from", "--nix-shell --nix-pure"),
        (["--deps-from", "orchid", "--deps", "fd"], "--deps-from orchid: nothing of that name", "nix, uv, orchard"),
        (["--deps-from", "orchard"], "--deps-from orchard needs --deps", ""),
        (["--deps-from", "orchard", "--deps", "rotten"], "rotten: not a fruit", ""),
        (["--nix-shell", "--deps-from", "orchard", "--deps", "fd"], "can come from one of them only", ""),
        (["--nix-shell", "--deps", " "], "--deps names no package", ""),
        (["--nix-shell", "--deps", ""], "--deps needs a value", ""),
        (["--uv", " , "], "--uv names no package", ""),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(place, orchard, words, message, hint):
    ran = place.run("--json", *words, "--", "touch", "made", env=orchard, cwd=place.work)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "usage")
    assert message in ran.result["setup_error"]["message"]
    assert hint in "".join(ran.result["hints"])
    assert not (place.work / "made").exists()


def test_nix_may_be_named_as_a_source_too(run):
    assert run("--deps-from", "nix", "--deps", "fd", "--", "fd", ".").out == b"fd from Nix: .\n"


def test_pure_without_any_package_does_not_run_what_the_machine_has(place, run):
    ran = run("--json", "--nix-shell", "--nix-pure", "--", "touch", "made")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "deps")
    assert not (place.work / "made").exists()
    assert run("--nix-shell", "--nix-pure", "--", "golangci-lint", "x").out == b"golangci-lint from Nix: x\n"


def test_explain_resolves_nothing_and_tells_what_is_kept(place, run):
    words = ("--explain", "--json", "--nix-shell", "--deps", "fd", "--", "fd", ".")
    facts = json.loads(run(*words).out)
    assert (facts["deps"], facts["program"]) == ([{"source": "nix", "packages": ["fd"], "cached": False}], None)
    assert not (place.folder / "nix").exists()
    run(*words[2:])
    facts = json.loads(run(*words).out)
    assert facts["deps"][0]["cached"] is True
    assert facts["program"].endswith("-fd-10/bin/fd")
    assert f"{place.folder}/nix/store" in facts["sandbox"]["shown"]


def test_quiet_says_nothing_of_packages(run):
    assert run("-q", "--nix-shell", "--", "golangci-lint", "x").err == b""


def test_a_run_in_the_background_is_furnished_too_and_a_missing_package_is_its_callers_answer(place, run):
    words = ("--background", "--nix-shell", "--deps")
    run_id = run(*words, "fd", "--", "fd", ".").out.decode().strip()
    llmx = [*place.tool[:3], "runs"]
    assert run(program=[*llmx, "wait", run_id]).code == 0
    assert run(program=[*llmx, "logs", run_id]).out == b"fd from Nix: .\n"
    ran = run(*words, "nosuch", "--", "fd", ".")
    assert (ran.code, ran.out) == (125, b"")
    assert b"Nix has no package nosuch" in ran.err
