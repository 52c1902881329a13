"""--uv: Python packages by a real uv, from a folder of wheels made on the spot."""

import os
import sys

import pytest
import uv

from llmx.exec.deps.uv import is_requirement
from tests.exec.conftest import LLM_EXEC
from tests.exec.deps.conftest import at_nix, make_removable
from tests.exec.deps.wheels import source_package, wheel


@pytest.fixture
def place(ordinary_place):
    """A user of uv with a project and an index that is a folder."""
    place = ordinary_place
    place.tool = LLM_EXEC
    place.work, place.wheels, place.bin = (place.folder / name for name in ("work", "wheels", "bin"))
    for folder in (place.work, place.wheels, place.bin):
        folder.mkdir()
        os.chown(folder, place.uid, place.uid)
    (place.bin / "uv").symlink_to(uv.find_uv_bin())
    wheel(place.wheels, "plums", "1.0")
    wheel(place.wheels, "plums", "2.0")
    wheel(place.wheels, "pears", "1.0", requires=["plums<2"])
    place.env |= {"PATH": f"{place.bin}:{place.env['PATH']}", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place.wheels)}
    place.env["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"  # that must not be asked: nobody answers
    return place


@pytest.fixture
def run(place):
    """Run llm-exec in the project."""

    def run(*words, **options):
        return place.run(*words, **{"cwd": place.work, **options})

    return run


SAYS = ("--", "python", "-c", "import plums; print(plums.version)")


def test_packages_are_there_inside_the_sandbox_with_their_commands(run):
    ran = run("--uv", "plums", *SAYS)
    assert (ran.code, ran.out, ran.err) == (0, b"2.0\n", b"llm-exec: asking uv for plums\n")
    ran = run("--json", "--uv", "plums", "--", "plums")
    assert (ran.result["stdout"], ran.result["sandbox"]["level"]) == ("plums 2.0\n", "full")
    assert ran.result["deps"] == [{"source": "uv", "packages": ["plums"], "cached": True}]


@pytest.mark.parametrize(("specs", "version"), [("plums==1.0", "1.0"), ("plums<2", "1.0"), ("pears plums", "1.0")])
def test_versions_and_dependencies_are_resolved(run, specs, version):
    assert run("--uv", specs, *SAYS).out.decode().strip() == version


def test_another_order_is_a_hit_and_another_package_a_miss(run):
    seen = [run("--json", "--uv", specs, *SAYS).result["deps"][0] for specs in ("plums pears", "pears plums", "pears")]
    assert [facts["cached"] for facts in seen] == [False, True, False]


def test_pips_own_settings_file_names_the_index(place, run):
    (place.folder / ".config/pip").mkdir(parents=True)
    text = f"[global]\nno-index = true\n[install]\nfind-links = {place.wheels}\n"
    (place.folder / ".config/pip/pip.conf").write_text(text)
    env = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": ""}
    assert run("--uv", "plums", *SAYS, env=env).out == b"2.0\n"
    (place.folder / ".config/pip/pip.conf").write_text(f"{text}# changed\n")
    assert run("--json", "--uv", "plums", *SAYS, env=env).result["deps"][0]["cached"] is False


def test_uvs_own_settings_come_before_pips(place, run):
    empty = place.folder / "empty"
    empty.mkdir()
    env = {"UV_FIND_LINKS": str(empty), "UV_DEFAULT_INDEX": f"file://{empty}"}
    assert run("--json", "--uv", "plums", *SAYS, env=env).code == 125


def test_an_environment_that_was_damaged_is_made_again(place, run):
    run("--uv", "plums", *SAYS)
    (python,) = (place.folder / ".cache/llmx/deps/uv").glob("*/env/bin/python")
    python.unlink()
    ran = run("--json", "--uv", "plums", *SAYS)
    assert (ran.code, ran.result["deps"][0]["cached"]) == (0, False)


@pytest.mark.parametrize(
    "spec",
    [
        *("--index-url=http://evil", "-r", "-e", "--", "-", "./plums", "../plums", "/etc", "plums@file:///x", "a/b"),
        *(
            "plums@http://evil/x.whl",
            "git+https://evil/x",
            "plums;os_name=='nt'",
            "plums==",
            "==1",
            "plums[",
            "plums[]",
        ),
        *("plums[a", "pl ums>=", "plums>=1;rm", "$(id)", "plums=1", ">=", "plums==1==2", "-plums", "plums-"),
    ],
)
def test_what_is_not_a_name_with_versions_is_refused_before_anything_runs(module_place, spec):
    env = {"PATH": f"{os.path.dirname(uv.find_uv_bin())}:/usr/bin:/bin"}
    ran = module_place.run("--json", f"--uv={spec}", "--", "touch", "made", env=env)
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "usage")
    assert ran.result["hints"]
    assert not (module_place.folder / "made").exists()
    assert not (module_place.folder / ".cache/llmx/deps").exists()


@pytest.mark.parametrize("spec", ["plums", "Plums_2.x", "plums[a,b]>=1,<2", "plums==1.*", "plums~=1.0", "plums!=1,>0"])
def test_names_with_extras_and_versions_are_taken(spec):
    assert is_requirement(spec)


def test_a_package_that_is_not_there_is_125_with_uvs_words(place, run):
    ran = run("--json", "--uv", "no-such-plum", "--", "touch", "made")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "deps")
    assert "no-such-plum was not found" in ran.result["setup_error"]["message"]
    assert ran.result["hints"]
    assert not (place.work / "made").exists()


def test_a_package_that_would_have_to_be_built_is_refused_as_that_runs_its_code_outside(place, run):
    source_package(place.wheels, "quince", place.folder / "mark")
    ran = run("--json", "--uv", "quince", "--", "touch", "made")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "deps")
    assert "only wheels are taken" in ran.result["hints"][0]
    assert not (place.folder / "mark").exists()
    assert not (place.work / "made").exists()


def test_without_uv_nothing_runs_and_the_hint_says_how_to_get_it(place, run):
    ran = run("--json", "--uv", "plums", "--", "touch", "made", env={"PATH": "/usr/bin:/bin"})
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "deps")
    assert "pip install uv" in ran.result["hints"][0]
    assert not (place.work / "made").exists()


def test_no_interpreter_and_no_setting_of_the_work_tree_is_used_outside(place, run):
    marked = place.folder / "marked"
    for path in ("work/.venv/bin/python", "work/.venv/bin/python3", "work/.venv/bin/uv"):
        (place.folder / path).parent.mkdir(parents=True, exist_ok=True)
        place.write(path, f"#!/bin/sh\ntouch {marked}\nexit 1\n", 0o755)
    place.write("work/uv.toml", "no-index = false\n[pip]\nno-build = 'nonsense'\n")
    place.write("work/.python-version", "2.6\n")
    venv = place.work / ".venv"
    env = {
        "PATH": f"{venv}/bin:{place.env['PATH']}",
        "VIRTUAL_ENV": str(venv),
        "UV_PYTHON": f"{venv}/bin/python",
    }
    assert run("--uv", "plums", *SAYS, env=env).out == b"2.0\n"
    assert not marked.exists()
    ran = run("--json", "--uv", "pears", *SAYS, env={"UV_CONFIG_FILE": "uv.toml"})
    assert "lies where commands in the sandbox may write" in ran.result["setup_error"]["message"]


def test_a_setting_forbids_it(run):
    ran = run("--json", "--uv", "plums", *SAYS, env={"LLMX_EXEC__UV__ENABLED": "false"})
    assert (ran.code, ran.result["status"]) == (126, "denied")
    assert "exec.uv.enabled" in ran.result["setup_error"]["message"]


def test_nothing_of_an_environment_can_be_changed_from_inside(place, run):
    ran = run("--uv", "plums", "--", "sh", "-c", 'echo x >> "$VIRTUAL_ENV/pyvenv.cfg"; rm "$VIRTUAL_ENV/bin/plums"')
    assert ran.code != 0
    assert run("--uv", "plums", "--", "plums").out == b"plums 2.0\n"


def test_the_cache_is_counted_and_cleared_by_age(place, run):
    run("--uv", "plums", *SAYS)

    def cache(*words):
        return run(program=[sys.executable, "-m", "llmx", "cache", *words])

    assert b'{"kind":"uv","entries":1,' in cache("stats", "--output", "json").out
    assert b"uv            1 " in cache("stats").out
    assert b'"kind":"uv","entries":0,' in cache("clear", "--uv", "--older-than", "1h", "--output", "json").out
    assert b"uv            0 removed" in cache("clear", "--uv", "--older-than", "1h").out
    (file,) = (place.folder / ".cache/llmx/deps/uv").glob("*/environment.marshal")
    os.utime(file, (0, 0))
    assert b"unused for" in cache("stats").out
    assert b'"kind":"uv","entries":1,' in cache("clear", "--uv", "--older-than", "1h", "--output", "json").out
    assert not list((place.folder / ".cache/llmx/deps/uv").iterdir())
    assert cache("clear").code == 2
    assert cache("clear", "--uv", "--older-than", "soon").code == 2


def test_both_sources_together_put_pythons_packages_first(place, run):
    at_nix(place)
    ran = run("--json", "--uv", "plums", "--nix-shell", "--deps", "python3Packages.requests fd", *SAYS)
    assert (ran.code, ran.result["stdout"]) == (0, "2.0\n")
    assert [facts["source"] for facts in ran.result["deps"]] == ["nix", "uv"]
    make_removable(place)


@pytest.mark.parametrize("program", ["tmux", "bwrap", "uv"])
def test_no_program_of_a_package_runs_outside_of_the_sandbox(place, run, program):
    marked = place.folder / "marked"
    wheel(place.wheels, program, "1.0", says=f"open({str(marked)!r}, 'w').close()")
    env = {"TMUX": "/tmp/none,1,0", "LLMX_EXEC__SANDBOX": "required"}
    run("--uv", program, "--terminal", "tmux", "--", "true", env=env)
    inside = run("--uv", program, "--", program, env=env)
    assert b"FileNotFoundError" in inside.err or b"PermissionError" in inside.err or b"Read-only" in inside.err
    run("--uv", f"{program} plums", "--", "true", env=env)
    assert not marked.exists()
