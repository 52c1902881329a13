"""A control group is made where this user may, holds the memory, and leaves nothing behind.

Version 1 is shown for real, as root. This kind of machine often has no version 2 with a memory controller, so what
llmx decides there is shown on a real folder tree that stands in for the kernel's; only the kernel's own part, filling
a new folder with files, is missing from it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmx.core.process import cgroup
from llmx.core.process.cgroup import ControlGroup, make

LIMIT = 64 << 20


def real_group() -> ControlGroup:
    group = make(f"test{os.getpid()}", LIMIT)
    if group is None:
        pytest.skip("no control group with memory can be made here (not root, or no such controller)")
    return group


def groups_left() -> list[str]:
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if folder.endswith(f"llmx-test{os.getpid()}")]


def run_in(group: ControlGroup, program: str) -> int:
    joining = "".join(f"open({file!r}, 'w').write('0')\n" for file in group.joined_by())
    return subprocess.run([sys.executable, "-I", "-S", "-c", joining + program], check=False).returncode


def test_the_kernel_ends_what_takes_more_than_the_group_may_hold() -> None:
    group = real_group()
    try:
        assert run_in(group, "held = bytearray(200 << 20)") == -9
        assert group.oom_kills() >= 1
        peak = group.peak_bytes()
        assert peak is not None
        assert LIMIT // 2 < peak <= LIMIT
    finally:
        assert group.remove()
    assert groups_left() == []


def test_what_stays_within_the_group_runs_and_its_cpu_is_counted() -> None:
    group = real_group()
    try:
        burn = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
        assert run_in(group, burn) == 0
        assert group.oom_kills() == 0
        cpu_s = group.cpu_s()
        assert cpu_s is None or 0.19 < cpu_s < 1.0
    finally:
        assert group.remove()


def test_a_group_in_use_is_left_in_place_and_goes_when_it_is_empty() -> None:
    group = real_group()
    joining = "".join(f"open({file!r}, 'w').write('0')\n" for file in group.joined_by())
    program = joining + "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert not group.remove(patience=0)
        assert groups_left()
        process.communicate(b"\n")
    assert group.remove()
    assert groups_left() == []


def test_a_forgotten_empty_group_is_swept_when_the_next_is_made(tmp_path: Path) -> None:
    forgotten, fresh, foreign = (tmp_path / name for name in ("llmx-old", "llmx-new", "other"))
    for folder in (forgotten, fresh, foreign):
        folder.mkdir()
    long_ago = time.time() - 2 * cgroup.FORGOTTEN_AFTER
    os.utime(forgotten, (long_ago, long_ago))
    os.utime(foreign, (long_ago, long_ago))
    write_proc(tmp_path, cgroups=["0::/"], mounts=[("cgroup2", "/", tmp_path, "rw")])
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "cgroup.subtree_control").write_text("memory")
    assert make("x", LIMIT, proc=str(tmp_path)) is None
    assert {entry.name for entry in tmp_path.iterdir() if entry.is_dir()} == {"llmx-new", "other"}


def test_an_ordinary_user_without_delegation_gets_none_and_leaves_nothing() -> None:
    if os.getuid() != 0:
        assert make(f"test{os.getpid()}", LIMIT) is None or groups_left()
        return
    program = (
        "import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from llmx.core.process.cgroup import make\n"
        f"print(make('test{os.getpid()}', {LIMIT}))"
    )
    root = str(Path(cgroup.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "None\n"
    assert groups_left() == []


def write_proc(folder: Path, *, cgroups: list[str], mounts: list[tuple[str, str, Path, str]]) -> str:
    """What /proc/self says about groups and mounts; the path to hand to ``make``."""
    (folder / "cgroup").write_text("".join(f"{line}\n" for line in cgroups))
    lines = ["24 1 0:22 / /proc rw,relatime shared:5 - proc proc rw\n"]
    lines += [
        f"{40 + place} 31 0:{38 + place} {root} {mount} rw,relatime shared:9 - {kind} {kind} {options}\n"
        for place, (kind, root, mount, options) in enumerate(mounts)
    ]
    (folder / "mountinfo").write_text("".join(lines))
    return str(folder)


def fill(folder: Path, *, offers: str = "", **files: str) -> None:
    """The files of a version 2 group; ``offers`` are the controllers its children get."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.procs").touch()
    (folder / "cgroup.subtree_control").write_text(offers + "\n")
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(content)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "cgroup2"


@pytest.mark.parametrize(
    ("offers", "own", "chosen"),
    [
        ({"": "cpu memory pids"}, "", ""),
        ({"": "cpu memory pids"}, "/a", ""),
        ({"": "memory", "/a": "memory"}, "/a/b", "/a"),
        ({"": "memory", "/a": "memory", "/a/b": "memory"}, "/a/b", "/a/b"),
        ({"": "memory", "/a": "cpu pids"}, "/a/b", ""),
        ({"": "hugetlb", "/a": ""}, "/a", None),
        ({}, "/a", None),
    ],
)
def test_the_nearest_group_that_offers_memory_to_children_becomes_the_parent(
    offers: dict[str, str], own: str, chosen: str | None, tree: Path
) -> None:
    fill(tree)
    fill(Path(f"{tree}{own}"))
    for group, controllers in offers.items():
        fill(Path(f"{tree}{group}"), offers=controllers)
    found = cgroup._nearest_that_delegates(str(tree), own)
    assert found == ("" if chosen is None else f"{tree}{chosen}")


def test_a_half_made_group_is_removed(tree: Path, tmp_path: Path) -> None:
    """The stand-in lacks the new group's files, as a group without the memory controller does."""
    fill(tree, offers="memory")
    proc = write_proc(tmp_path, cgroups=["0::/"], mounts=[("cgroup2", "/", tree, "rw")])
    assert make("x", LIMIT, proc=proc) is None
    assert [entry.name for entry in tree.iterdir() if entry.is_dir()] == []


def test_a_group_of_version_2_is_held_without_swap_and_as_one(tree: Path) -> None:
    fill(tree, memory_max="max\n", **{"memory_swap.max": "max\n", "memory_oom.group": "0\n"})
    cgroup._hold(2, str(tree), LIMIT)
    written = {name: (tree / name).read_text()[:9] for name in ("memory.max", "memory.swap.max", "memory.oom.group")}
    assert written["memory.max"].startswith(str(LIMIT))
    assert written["memory.swap.max"][0] == "0"
    assert written["memory.oom.group"][0] == "1"


def test_a_kernel_without_swap_accounting_holds_memory_all_the_same(tree: Path) -> None:
    fill(tree, memory_max="max\n")
    cgroup._hold(2, str(tree), LIMIT)
    assert (tree / "memory.max").read_text().startswith(str(LIMIT))


def test_figures_of_version_2_are_read_as_the_kernel_writes_them(tree: Path) -> None:
    fill(
        tree,
        memory_peak="73400320\n",
        memory_events="low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n",
        cpu_stat="usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n",
    )
    group = ControlGroup(2, [str(tree)])
    assert group.source == "cgroup2"
    assert (group.peak_bytes(), group.oom_kills(), group.cpu_s()) == (73400320, 2, 1.234567)
    assert group.joined_by() == (f"{tree}/cgroup.procs",)


def test_a_kernel_that_keeps_no_peak_gives_none(tree: Path) -> None:
    fill(tree)
    group = ControlGroup(2, [str(tree)])
    assert (group.peak_bytes(), group.oom_kills(), group.cpu_s()) == (None, 0, None)


@pytest.mark.parametrize(
    ("cgroups", "root", "own"),
    [
        (["0::/user.slice/session"], "/", "/user.slice/session"),
        (["0::/docker/1/x"], "/docker/1", "/x"),
        (["0::/docker/1"], "/docker/1", ""),
        (["0::/docker/12"], "/docker/1", ""),
        (["0::/elsewhere"], "/docker/1", ""),
        (["0::/../sibling"], "/", ""),
    ],
)
def test_the_own_group_is_found_below_what_is_mounted(cgroups: list[str], root: str, own: str, tmp_path: Path) -> None:
    proc = write_proc(tmp_path, cgroups=cgroups, mounts=[("cgroup2", root, Path("/mnt"), "rw")])
    assert list(cgroup.places(proc)) == [(2, [], "/mnt", own)]


def test_in_a_mixed_set_up_version_1_holds_the_memory(tmp_path: Path) -> None:
    proc = write_proc(
        tmp_path,
        cgroups=["4:memory:/app", "2:cpu,cpuacct:/app", "1:name=systemd:/", "0::/"],
        mounts=[
            ("cgroup", "/", Path("/v1/cpu,cpuacct"), "rw,cpu,cpuacct"),
            ("cgroup", "/", Path("/v1/memory"), "rw,memory"),
            ("cgroup2", "/", Path("/v2"), "rw"),
        ],
    )
    assert list(cgroup.places(proc)) == [
        (2, [], "/v2", ""),
        (1, ["memory"], "/v1/memory", "/app"),
        (1, ["cpu", "cpuacct"], "/v1/cpu,cpuacct", "/app"),
    ]


def test_memory_and_cpu_in_one_hierarchy_make_one_group(tmp_path: Path) -> None:
    """The folder stands in for the kernel's, so it stays empty and the group cannot be held; none is left behind."""
    mount = tmp_path / "both"
    mount.mkdir()
    proc = write_proc(tmp_path, cgroups=["4:cpuacct,memory:/"], mounts=[("cgroup", "/", mount, "rw,cpuacct,memory")])
    assert make("x", LIMIT, proc=proc) is None
    assert list(mount.iterdir()) == []


@pytest.mark.parametrize("proc", ["/nonexistent", "/proc/self/fd"])
def test_a_system_without_control_groups_gives_none(proc: str) -> None:
    assert make("x", LIMIT, proc=proc) is None
