"""The pack of modules: used where it holds what the source says, and never in the way where it does not."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from llmx.core import packing, plugins
from tests.conftest import folder_in_the_open

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import json, os, sys
import llmx.__main__ as door

def tell(code):
    kinds = {name: type(module.__loader__).__name__ for name, module in sys.modules.items() if name.startswith("llmx.")}
    os.write(2, json.dumps(kinds).encode())
    os._exit(code)

door.leave = tell
sys.argv = ["llm-exec", *sys.argv[1:]]
tell(door.exec_main())
"""
WITH_PACK = "import sys; from llmx.core.plugins import Pack; sys.meta_path.insert(0, Pack());"
DOOR = packing.DOOR


def loaders(*words, tree=ROOT, env=None):
    """How each module of ours was loaded by ``llm-exec --no-sandbox`` with ``words``."""
    command = [sys.executable, "-c", PROBE, "--no-sandbox", *words]
    own = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=own | (env or {}), check=True, cwd=tree)
    return json.loads(done.stderr.splitlines()[-1])


def unpacked(*words, **options):
    """The names of those that did not come from the pack, less what is loaded before it."""
    return {name for name, kind in loaders(*words, **options).items() if kind != "Packed"} - DOOR


def packs(home):
    return list((home / ".cache/llmx").glob("modules-*.marshal"))


@pytest.fixture
def packed(home):
    """The pack of this very tree, as a first run has written it."""
    assert "llmx.exec.run" in unpacked("--", "true")
    [file] = packs(home)
    return file


@pytest.fixture
def copied(tmp_path):
    """Another installation."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "llmx", tree / "llmx", ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def test_the_second_run_finds_all_of_its_modules_there(packed):
    assert unpacked("--", "true") == set()
    assert packed.stat().st_mode == 0o100600


def test_a_run_that_needs_more_adds_it_once(packed):
    assert "llmx.exec.result" in unpacked("--json", "--", "true")
    size = packed.stat().st_size
    assert unpacked("--json", "--", "true") == set()
    assert unpacked("--", "true") == set()
    assert packed.stat().st_size == size


def test_a_changed_source_is_what_runs(copied, home):
    loaders("--", "true", tree=copied)
    assert unpacked("--", "true", tree=copied) == set()
    module = copied / "llmx/exec/request.py"
    module.write_text(module.read_text().replace("TIMED_OUT, OWN_FAILURE", "TIMED_OUT,  OWN_FAILURE") + "\nNEW = 1\n")
    assert unpacked("--", "true", tree=copied) == {"llmx.exec.request"}  # which is loaded together with others
    assert unpacked("--", "true", tree=copied) == set()


def test_each_installation_has_its_own(packed, copied, home):
    assert "llmx.exec.run" in unpacked("--", "true", tree=copied)
    assert len(packs(home)) == 2
    assert unpacked("--", "true") == set()


def test_what_is_loaded_together_is_what_a_run_needs(ordinary_user):
    """No more and no less: a module that is new on the way of every run belongs to one of the two groups.

    The keys of the settings are left out, which are needed as long as there is no settings file.
    """
    folder = folder_in_the_open()
    (work := folder / "work").mkdir()
    for path in (folder, work):
        os.chown(path, ordinary_user.pw_uid, -1)
    as_user = {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid, "extra_groups": []}
    loaded = []
    for words in (["--json"], ["--json"], ["--json", "--no-sandbox"]):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *words, "--", "true"],
            capture_output=True, text=True, check=True, cwd=work, **(as_user if os.getuid() == 0 else {}),
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert '"status":"ok"' in done.stdout, done
        loaded.append(set(json.loads(done.stderr.splitlines()[-1])) - DOOR - {"llmx.core.settings.keys"})
    [file] = packs(folder)
    os.chown(file, os.getuid(), -1)
    always, sandboxed = map(set, plugins.Pack({"HOME": str(folder)}).together.values())
    assert loaded[1:] == [always | sandboxed, always]


def leave_half(file):
    file.write_bytes(file.read_bytes()[:40])


def let_others_write(file):
    file.chmod(0o666)


def make_a_link(file):
    shutil.move(file, file.with_suffix(".moved"))
    file.symlink_to(file.with_suffix(".moved"))


def write_another_version(file):
    file.write_bytes(b"llmx modules 0" + file.read_bytes()[14:])


def make_a_folder(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "spoil", [leave_half, let_others_write, make_a_link, write_another_version, make_a_folder], ids=lambda f: f.__name__
)
def test_what_does_not_look_like_ours_is_not_loaded(packed, spoil):
    spoil(packed)
    assert "llmx.exec.run" in unpacked("--", "true")


def test_python_that_is_to_write_no_bytecode_writes_none(home):
    loaders("--", "true", env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert packs(home) == []


def test_a_cache_that_cannot_be_written_costs_no_run(home):
    (home / ".cache").write_text("a file")
    assert "llmx.exec.run" in unpacked("--", "true")


def test_what_nobody_has_used_for_long_is_removed(packed, home):
    old, fresh = packed.with_name("modules-00.marshal"), packed.with_name("modules-01.marshal")
    other = packed.with_name("settings.old")
    for file in (old, fresh, other):
        file.write_bytes(b"")
    for file in (old, other):
        os.utime(file, (0, time.time() - packing.DISUSED - 60))
    loaders("--json", "--", "true")
    assert (old.exists(), fresh.exists(), other.exists()) == (False, True, True)


def test_a_traceback_still_shows_the_source(packed):
    done = subprocess.run(
        [sys.executable, "-c", f"{WITH_PACK} from llmx.exec.argv import parse; parse(5)"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert "while at < len(words):" in done.stderr


def test_a_module_keeps_what_python_says_of_it(packed, monkeypatch):
    code = (
        f"{WITH_PACK} import llmx.exec as it;"
        "print(type(it.__loader__).__name__, it.__file__, it.__path__, it.__package__, it.__cached__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    folder = ROOT / "llmx/exec"
    cached = f"{folder}/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    assert done.stdout == f"Packed {folder}/__init__.py ['{folder}'] llmx.exec {cached}\n"


def test_no_more_than_so_many_are_kept_and_what_is_left_out_is_not_tried_again(home, monkeypatch):
    monkeypatch.setattr(packing, "MOST", 3)
    packing.write(plugins.Pack(os.environ))
    [file] = packs(home)
    written = file.stat().st_mtime_ns
    pack = plugins.Pack(os.environ)
    assert len(pack.index) == 3
    packing.write(pack)
    assert file.stat().st_mtime_ns == written


def test_what_is_for_type_checkers_only_is_left_out_and_fields_of_classes_stay(tmp_path):
    source = tmp_path / "module.py"
    source.write_text(
        """
from typing import NamedTuple
TYPE_CHECKING = False
if TYPE_CHECKING:
    import nowhere
else:
    here = 1
class Fields(NamedTuple):
    one: int
    two: str = "2"
def function(one: "nowhere.One", *rest: int, two: int = 2, **more: str) -> "nowhere.Two":
    inner: int = one + two
    return inner
"""
    )
    names: dict[str, Any] = {}
    exec(packing.bare_code(str(source)), names)
    assert names["Fields"](1)._asdict() == {"one": 1, "two": "2"}
    assert names["function"](1) == 3
    assert names["function"].__annotations__ == {}
    assert names["here"] == 1
