"""What Nix has resolved is kept, and asked for again exactly when it could be something else now."""

import json
import marshal
import os
import subprocess
import sys
import time

import pytest

from llmx.core.packing import TOGETHER
from llmx.exec.deps.kept import HEADER, Environment, identity
from tests.test_startup import PROBE, SANDBOXED


def result_of(ran):
    """The result and its facts about packages; the run must have worked."""
    assert ran.code == 0, ran.out.decode()
    (facts,) = ran.result["deps"]
    return ran.result, facts


@pytest.fixture
def settled(place, until):
    """The package set has been as it is for a while: what has just changed is not kept."""
    newest = max(path.stat().st_ctime_ns for path in place.nixpkgs.iterdir())
    until(lambda: time.time_ns() > newest + 60_000_000)


@pytest.fixture
def resolve(run, settled):
    """Run rg with these packages; whether that was a hit."""

    def resolve(deps="ripgrep fd", *options, **others):
        result, facts = result_of(run("--json", "--nix-shell", "--deps", deps, *options, "--", "rg", "x", **others))
        assert result["stdout"] == "rg from Nix: x\n"
        return facts["cached"]

    return resolve


@pytest.mark.promise("S0-55")
def test_the_same_packages_in_another_order_are_a_hit(resolve):
    assert not resolve("ripgrep fd")
    assert resolve("ripgrep fd")
    assert resolve("fd ripgrep fd")
    assert not resolve("ripgrep jq")
    assert not resolve("ripgrep fd", "--nix-pure")


def test_a_hit_starts_no_nix(place, resolve):
    resolve()
    (place.folder / "bin").mkdir()
    place.write("bin/nix-store", "#!/bin/sh\nexit 9\n", 0o755)
    place.write("bin/nix-instantiate", "#!/bin/sh\nexit 9\n", 0o755)
    assert resolve(env={"PATH": f"{place.folder}/bin:{place.env['PATH']}"})


@pytest.mark.parametrize("file", ["default.nix", "fd.nix"])
def test_a_changed_nixpkgs_is_a_miss_wherever_it_changed(place, resolve, file):
    resolve()
    with open(place.nixpkgs / file, "a") as opened:
        opened.write("# another comment\n")
    assert not resolve()


def test_a_changed_package_is_what_runs_next(place, run, settled):
    words = ("--json", "--nix-shell", "--deps", "fd", "--", "fd", ".")
    assert result_of(run(*words))[0]["stdout"] == "fd from Nix: .\n"
    place.write("nixpkgs/fd.nix", (place.nixpkgs / "fd.nix").read_text().replace("from Nix", "of tomorrow"))
    assert result_of(run(*words))[0]["stdout"] == "fd of tomorrow: .\n"


def test_nixpkgs_behind_another_link_is_a_miss(place, resolve):
    link = place.folder / "channel"
    link.symlink_to(place.nixpkgs)
    env = {"NIX_PATH": f"nixpkgs={link}"}
    assert not resolve(env=env)
    assert resolve(env=env)
    other = place.folder / "other"
    subprocess.run(["cp", "-a", str(place.nixpkgs), str(other)], check=True)
    link.unlink()
    link.symlink_to(other)
    assert not resolve(env=env)


@pytest.mark.parametrize(
    ("name", "value"), [("NIX_CONFIG", "sandbox = false\nbuild-users-group =\nsubstitute = false\ncores = 1\n")]
)
def test_what_steers_nix_is_part_of_what_is_asked(resolve, name, value):
    resolve()
    assert not resolve(env={name: value})


def test_a_configuration_that_comes_into_being_is_a_miss(place, resolve):
    resolve()
    folder = place.folder / ".config/nixpkgs"
    folder.mkdir(parents=True)
    (folder / "config.nix").write_text("{ }")
    assert not resolve()


def nix(place, *words):
    return subprocess.run(
        words, env=place.env, user=place.uid, group=place.uid, extra_groups=[], capture_output=True, check=True
    )


def test_the_garbage_collector_leaves_what_is_kept_and_without_the_cache_takes_it(place, run, resolve):
    resolve()
    nix(place, "nix-store", "--gc")
    assert resolve()
    ran = run(program=[*place.tool[:3], "cache", "clear", "--nix", "--output", "json"])
    assert ran.code == 0, ran.out.decode()
    nix(place, "nix-store", "--gc")
    assert not list((place.folder / "nix/store").glob("*-ripgrep-14"))
    assert not resolve()


def test_a_package_that_is_gone_from_the_store_is_a_miss_and_comes_back(place, resolve):
    resolve()
    for link in (place.folder / ".cache/llmx/deps/nix").glob("*/tool*"):
        link.unlink()
    nix(place, "nix-store", "--gc")
    assert not resolve()
    assert resolve()


def test_with_the_setting_nothing_is_kept(resolve):
    env = {"LLMX_EXEC__NIX_SHELL__CACHE": "false"}
    assert not resolve(env=env)
    assert not resolve(env=env)
    assert not resolve()


@pytest.mark.parametrize("damage", [b"", b"llmx", b"\0" * 5000, "cut", "opened"], ids=str)
def test_a_damaged_cache_is_a_miss(place, resolve, damage):
    resolve()
    (file,) = (place.folder / ".cache/llmx/deps/nix").glob("*/environment.marshal")
    if damage == "opened":
        file.chmod(0o666)
    else:
        file.write_bytes(file.read_bytes()[:-1] if damage == "cut" else damage)
    assert not resolve()
    assert resolve()


def test_two_at_once_ask_nix_once(place, settled):
    words = ("--json", "--nix-shell", "--deps", "ripgrep", "--", "rg", "x")
    both = [place.start(*words, cwd=place.work) for _ in range(2)]
    cached = sorted(result_of(place.finish(one))[1].get("resolve_s") is None for one in both)
    assert len(list((place.folder / ".cache/llmx/deps/nix").glob("*/environment.marshal"))) == 1
    assert cached in ([False, False], [False, True])
    assert not os.path.exists(place.folder / "nix/state/db/big-lock.tmp")


def test_a_hit_loads_only_what_it_needs(place, resolve):
    resolve()
    words = ["llm-exec", "--nix-shell", "--deps", "fd ripgrep", "--", "true"]
    code = PROBE.format(argv=words, entry="exec_main")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=place.env,
        cwd=place.work,
        user=place.uid,
        group=place.uid,
        extra_groups=[],
        capture_output=True,
        check=True,
    )
    own = {f"llmx.exec.deps{name}" for name in ("", ".asked", ".kept", ".nix", ".place")}
    more = {"llmx.core.sandbox.typed", "llmx.core.settings.keys"}  # for links on PATH, and without a settings file
    assert own <= set(json.loads(done.stderr)) <= SANDBOXED | own | more | set(TOGETHER[0])


@pytest.fixture
def flakes_only(place, until):
    """A Nix without NIX_PATH and channels, where ``nixpkgs`` is what the registry of flakes says."""
    (place.folder / ".config/nix").mkdir(parents=True)
    flake = {"from": {"type": "indirect", "id": "nixpkgs"}, "to": {"type": "path", "path": str(place.nixpkgs)}}
    registry = json.dumps({"version": 2, "flakes": [flake]})
    place.write(".config/nix/registry.json", registry)
    place.write("registry.json", registry)
    newest = (place.folder / "registry.json").stat().st_ctime_ns
    until(lambda: time.time_ns() > newest + 60_000_000)
    return {"NIX_PATH": "", "NIX_CONFIG": f"{place.env['NIX_CONFIG']}flake-registry = {place.folder}/registry.json\n"}


def test_where_there_are_flakes_only_their_nixpkgs_is_pinned_for_an_hour(place, run, settled, flakes_only):
    words = ("--json", "--nix-shell", "--deps", "fd", "--", "fd", ".")
    assert result_of(run(*words, env=flakes_only))[0]["stdout"] == "fd from Nix: .\n"
    place.write("nixpkgs/fd.nix", (place.nixpkgs / "fd.nix").read_text().replace("from Nix", "of tomorrow"))
    result, facts = result_of(run(*words, env=flakes_only))
    assert (result["stdout"], facts["cached"]) == ("fd from Nix: .\n", True)
    (file,) = (place.folder / ".cache/llmx/deps/nix").glob("*/environment.marshal")
    kept = Environment(**marshal.loads(file.read_bytes()[len(HEADER) + 8 :])[1])
    assert time.time() + 3000 < kept.expires <= time.time() + 3600


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ({}, True),
        ({"needed": ["/usr"]}, True),
        ({"needed": ["/usr", "/no/such/path"]}, False),
        ({"links": {"/proc/self/root": "/"}}, True),
        ({"links": {"/proc/self/root": "/usr"}}, False),
        ({"watched": {"/no/such/path": None}}, True),
        ({"watched": {"/usr": None}}, False),
        ({"watched": {"/usr": (1, 2, 3, 4, 5)}}, False),
        ({"expires": 1800}, True),
        ({"expires": -1}, False),
        ({"expires": 100_000}, False),
    ],
)
def test_what_is_kept_holds_as_long_as_nothing_it_stands_on_has_changed(facts, holds):
    if "expires" in facts:
        facts = {"expires": time.time() + facts["expires"]}
    environment = Environment([], {}, **{"shown": [], "needed": [], "watched": {"/usr": identity("/usr")}, **facts})
    assert environment.holds() is holds
