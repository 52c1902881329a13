"""The fast way gives what the merger gives, from a cache that is right or not used at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmx.core import settings as module
from llmx.core.settings import known, recall
from llmx.core.settings.compiled import KEPT, compile_places, packed
from llmx.core.settings.keys import defaults
from llmx.core.settings.trust import trust

BOTH = {"user": "exec.grace = 1\nexec.isolation.timeout = '10m'", "project": "exec.stall_timeout = 7\nllm.model = 'x'"}


@pytest.fixture
def compiled(machine):
    """A machine with two files whose settings are in the cache."""
    for layer, text in BOTH.items():
        machine.write(layer, text)
    machine.remembered()
    return machine


def test_without_files_the_defaults_are_in_force_and_nothing_is_written(machine):
    found = machine.active()
    assert (found.values, found.notices) == (defaults(), [])
    assert found["exec.isolation.timeout"] == 300.0
    assert not machine.cache.exists()


def test_from_the_cache_come_the_same_values_and_notices(compiled):
    merged = compiled.merged()
    for found in (compiled.remembered(), compiled.active()):
        assert (found.values, found.notices) == (merged.values, merged.notices)
    assert len(merged.notices) == 1
    assert {name: type(value) for name, value in compiled.active().values.items()} == {
        name: type(value) for name, value in merged.values.items()
    }


def test_the_callers_copy_is_its_own(compiled):
    compiled.active().values.clear()
    assert compiled.active()["exec.grace"] == 1.0


def rewrite_unseen(machine):
    """Change a file so that its size and modification time stay the same."""
    file = machine.files["user"]
    before = os.stat(file)
    file.write_text(BOTH["user"].replace("1", "2", 1))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_unseen(machine):
    file = machine.files["user"]
    before = os.stat(file)
    fresh = file.with_suffix(".new")
    fresh.write_text(BOTH["user"].replace("1", "2", 1))
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(file)


def write_nearer(machine):
    (machine.cwd / "llmx.toml").write_text("exec.grace = 2")


def write_system(machine):
    machine.write("system", "exec.max_procs = 9")


def trust_it(machine):
    trust(str(machine.files["project"]), machine.env)


CHANGES = {
    "rewritten unseen": rewrite_unseen,
    "replaced unseen": replace_unseen,
    "deleted": lambda machine: machine.files["user"].unlink(),
    "a nearer project": write_nearer,
    "a new system file": write_system,
    "trusted": trust_it,
    "a profile": lambda machine: machine.env.update(LLMX_PROFILE="pi"),
    "another home": lambda machine: machine.env.update(HOME=str(machine.home.parent)),
    "another folder": lambda machine: setattr(machine, "cwd", machine.home),
    "a variable": lambda machine: machine.env.update(LLMX_EXEC__GRACE="9"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen_at_once(compiled, change):
    before = compiled.active().values
    change(compiled)
    after = compiled.active().values
    assert after == compiled.merged().values
    assert after != before


def test_a_file_that_was_just_written_is_not_remembered(machine, monkeypatch):
    machine.write("user", "exec.grace = 1")
    written = os.stat(machine.files["user"]).st_ctime_ns
    monkeypatch.setattr("llmx.core.settings.compiled.time.time_ns", lambda: written + 1_000_000)
    assert compile_places(machine.places())["exec.grace"] == 1.0
    assert not machine.cache.exists()
    monkeypatch.setattr("llmx.core.settings.compiled.time.time_ns", lambda: written + 1_000_000_000)
    compile_places(machine.places())
    assert machine.cache.exists()


def test_the_cache_is_private(compiled):
    assert compiled.cache.stat().st_mode & 0o777 == 0o600
    assert compiled.cache.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(compiled.cache.parent) == ["settings.marshal"]


def test_the_cache_keeps_a_number_of_states_the_newest_first(machine):
    machine.write("user", "exec.grace = 1")
    machine.remembered()
    stamps = []
    for number in range(KEPT + 3):
        machine.env["LLMX_CONFIG"] = str(machine.files["config"])
        machine.cwd = machine.project / f"sub{number}"
        machine.cwd.mkdir()
        machine.env["XDG_CONFIG_HOME"] = str(machine.cwd)
        machine.files["config"].write_text("")
        machine.remembered()
        stamps.append(machine.places().stamp)
    assert list(known(str(machine.cache))) == stamps[: -KEPT - 1 : -1]


def damage(kind: str, file: Path) -> None:
    data = file.read_bytes()
    match kind:
        case "empty":
            file.write_bytes(b"")
        case "cut":
            file.write_bytes(data[:-1])
        case "longer":
            file.write_bytes(data + b"\0")
        case "other version":
            file.write_bytes(data.replace(b"llmx settings 3", b"llmx settings 4", 1))
        case "other marshal":
            file.write_bytes(b"llmx settings 3 9" + data.partition(b"\n")[2])
        case "readable by others":
            file.chmod(0o644)
        case "a link":
            file.rename(file.with_name("elsewhere"))
            file.symlink_to("elsewhere")
        case "a folder":
            file.unlink()
            file.mkdir()
        case "a pipe":
            file.unlink()
            os.mkfifo(file, 0o600)
        case "huge":
            file.write_bytes(data + b"\0" * (1 << 20))


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "cut",
        "longer",
        "other version",
        "other marshal",
        "readable by others",
        "a link",
        "a folder",
        "a pipe",
        "huge",
    ],
)
def test_a_cache_with_anything_wrong_is_not_used(compiled, kind):
    damage(kind, compiled.cache)
    assert recall(compiled.places()) is None
    assert compiled.active().values == compiled.merged().values


def test_a_cache_of_another_user_is_not_used(compiled):
    compiled.give_away(compiled.cache)
    assert recall(compiled.places()) is None


def test_where_the_home_belongs_to_another_user_nothing_is_written(machine, monkeypatch):
    machine.write("user", "exec.grace = 1")
    machine.give_away(machine.home)
    monkeypatch.setattr("llmx.core.settings.compiled.time.time_ns", lambda: 1 << 62)
    assert machine.active()["exec.grace"] == 1.0
    assert not machine.cache.parent.exists()


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(machine, monkeypatch):
    machine.write("user", "exec.grace = 1")
    machine.cache.parent.parent.write_text("a file where the folder should be")
    monkeypatch.setattr("llmx.core.settings.compiled.time.time_ns", lambda: 1 << 62)
    assert machine.active()["exec.grace"] == 1.0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_flipped_bit_gives_another_value(compiled, at, flip):
    whole = packed({compiled.places().stamp: b"x" * 50})
    wrong = bytearray(whole)
    wrong[at % len(whole)] ^= flip
    compiled.cache.write_bytes(wrong)
    assert known(str(compiled.cache)) == {}
    compiled.cache.write_bytes(whole)
    assert known(str(compiled.cache)) != {}


@pytest.mark.parametrize(
    "cwd",
    ["/", "/nonexistent/folder", "/proc/self/fd", "/dev/null/x", "a\0b"],
    ids=["root", "none", "proc", "file", "nul"],
)
def test_any_folder_will_do(machine, cwd):
    machine.cwd = cwd
    assert machine.active()["exec.grace"] == 5.0


PROBE = """
import sys
before = set(sys.modules)
from llmx import paths
paths.SYSTEM_CONFIG = sys.argv[1]
from llmx.core.settings import active
import os
settings = active(os.environ, sys.argv[2])
print(settings["exec.grace"], *sorted(set(sys.modules) - before))
"""
HOT = ["errno", "llmx", "llmx.core", "llmx.core.plugins", "llmx.core.settings", "llmx.paths"]


def imported(machine, **variables: str) -> list[str]:
    """The grace period that a fresh interpreter finds, and the modules it imported on the way."""
    words = [sys.executable, "-c", PROBE, str(machine.files["system"]), str(machine.cwd)]
    root = str(Path(module.__file__).parents[3])
    done = subprocess.run(
        words, env={**machine.env, "PYTHONPATH": root, **variables}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_hit_imports_only_the_fast_part(compiled):
    assert imported(compiled) == ["1.0", *HOT]


def test_a_variable_adds_only_what_reads_variables(compiled):
    reading = ["environment", "keys", "kinds", "strictness"]
    more = ["llmx.core.quantities", "llmx.errors", *(f"llmx.core.settings.{name}" for name in reading)]
    assert imported(compiled, LLMX_EXEC__GRACE="3") == ["3.0", *sorted(HOT + more)]


def test_without_files_only_the_table_of_keys_is_read(machine):
    assert imported(machine) == ["5.0", *sorted([*HOT, "llmx.core.settings.keys"])]


def test_another_table_of_keys_makes_what_was_compiled_stale(compiled, monkeypatch, tmp_path):
    table = tmp_path / "keys.py"
    table.write_text("")
    monkeypatch.setattr(module, "_KEYS", str(table))
    assert module.recall(module.Places(compiled.env, str(compiled.cwd))) is None
