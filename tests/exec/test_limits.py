"""A limit ends the whole tree at once and the result names it, whether the kernel or the watchdog enforces it."""

import os
import sys
import time

import pytest

from tests.exec.conftest import LLM_EXEC

PYTHON = [sys.executable, "-I", "-S", "-c"]
MIB = 1 << 20

PRIVATE = "held = bytearray(1 << 30)"
SHARED = """
import mmap
held = mmap.mmap(-1, 600 << 20)
for place in range(0, len(held), 4096): held[place] = 1
"""
IN_PIECES = """
import os, time
for _ in range(4):
    if os.fork() == 0: held = bytearray(60 << 20); time.sleep(10); os._exit(0)
time.sleep(10)
"""
BURNERS = """
import os
for _ in range(3):
    if os.fork() == 0:
        while True: pass
os.wait()
"""


def groups_left():
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if "/llmx-" in folder]


@pytest.fixture
def has_groups(place):
    """Whether a run of this session's user gets a control group for its memory."""
    return place.run("--json", "--memory", "1G", "--", "true").result["usage"]["source"].startswith("cgroup")


@pytest.mark.promise("S0-29")
def test_an_allocation_above_the_limit_fails_and_the_record_names_memory(either_place):
    """As root a control group ends it; an ordinary user's process is refused and reports that itself."""
    ran = either_place.run("--json", "--memory", "512M", "--", *PYTHON, PRIVATE)
    assert ran.code != 0
    assert ran.result["limit"] == "memory"
    assert ran.result["status"] == ("limit" if ran.code == 137 else "failed")
    assert any("--memory" in hint for hint in ran.result["hints"])


def test_the_command_s_own_exit_code_stays_when_it_reports_the_refusal_itself(ordinary_place):
    program = f"import sys\ntry: {PRIVATE}\nexcept MemoryError: sys.stderr.write('out of memory'); sys.exit(3)"
    ran = ordinary_place.run("--json", "--memory", "200M", "--", *PYTHON, program)
    assert (ran.code, ran.result["status"], ran.result["limit"]) == (3, "failed", "memory")


@pytest.mark.parametrize("program", [SHARED, IN_PIECES], ids=["shared mapping", "many processes"])
def test_memory_that_no_process_limit_sees_is_ended_by_the_watchdog_or_the_group(program, either_place):
    ran = either_place.run("--json", "--memory", "120M", "--grace", "60", "--", *PYTHON, program)
    assert ran.code == 137
    assert (ran.result["status"], ran.result["limit"]) == ("limit", "memory")
    assert ran.result["duration_s"] < 5  # no grace: what it would do with it is take more
    usage = ran.result["usage"]
    if usage["source"] == "rusage":
        assert 0 < usage["memory_overshoot_bytes"] < 600 * MIB
        assert any("120 MiB" in hint for hint in ran.result["hints"])
    else:
        assert "memory_overshoot_bytes" not in usage
        assert 100 * MIB < usage["peak_memory_bytes"] <= 120 * MIB


def test_pages_that_processes_share_count_once(ordinary_place):
    """Five processes with the same 60 MiB are 300 MiB by the sum and 60 MiB in truth."""
    program = """
import os, time
held = bytearray(60 << 20)
for _ in range(4):
    if os.fork() == 0: time.sleep(0.5); os._exit(0)
for _ in range(4): os.wait()
"""
    ran = ordinary_place.run("--json", "--memory", "150M", "--monitor", "--", *PYTHON, program)
    assert ran.result["usage"]["peak_rss_bytes"] > 250 * MIB
    assert (ran.code, ran.result["status"]) == (0, "ok")


@pytest.mark.parametrize("program", ["true", "exit 3"])
def test_a_run_within_its_limits_ends_as_it_does(program, either_place):
    words = ["--memory", "1G", "--cpu-time", "60", "--max-procs", "50", "--max-file-size", "1G"]
    ran = either_place.run("--json=full", *words, "--command", program)
    assert ran.code == (0 if program == "true" else 3)
    assert ran.result["limit"] is None
    assert ran.result["limits"] == {
        "timeout": 300.0,
        "memory": 1 << 30,
        "cpu_time": 60.0,
        "max_procs": 50,
        "max_file_size": 1 << 30,
    }


@pytest.mark.promise("S0-29")
def test_cpu_of_the_whole_tree_counts_against_the_limit(either_place):
    ran = either_place.run("--json", "--cpu-time", "0.6", "--", *PYTHON, BURNERS)
    assert (ran.code, ran.result["status"], ran.result["limit"]) == (137, "limit", "cpu_time")
    usage = ran.result["usage"]
    assert 0.5 < usage["cpu_user_s"] + usage["cpu_system_s"] < 1.5


def test_cpu_that_is_over_and_reaped_counts_against_the_limit(place):
    program = """
import os, time
while True:
    if os.fork() == 0:
        while time.process_time() < 0.05: pass
        os._exit(0)
    os.wait()
"""
    ran = place.run("--json", "--cpu-time", "0.5", "--", *PYTHON, program)
    assert (ran.code, ran.result["limit"]) == (137, "cpu_time")


def test_every_process_has_a_limit_of_the_kernel_too_that_leaves_the_watchdog_the_first_word(place):
    program = "import resource as r; print(*(r.getrlimit(x)[0] for x in (r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_AS)))"
    words = ["--cpu-time", "7.5", "--max-file-size", "3M", "--memory", "1G"]
    ran = place.run(*words, "--quiet", "--", sys.executable, "-c", program)
    cpu, size, address_space = map(int, ran.out.split())
    assert (cpu, size, address_space) == (8, 3 * MIB, -1)


def test_too_many_processes_at_once_end_the_run(either_place):
    ran = either_place.run("--json", "--max-procs", "5", "--command", "for i in 1 2 3 4 5 6 7; do sleep 9 & done; wait")
    assert (ran.code, ran.result["status"], ran.result["limit"]) == (137, "limit", "max_procs")
    assert ran.result["duration_s"] < 5
    assert any("processes were alive at once" in hint for hint in ran.result["hints"])


def test_a_command_that_gets_no_more_processes_is_told_which_limit_it_was(ordinary_place):
    ordinary_place.tool = LLM_EXEC
    project = ordinary_place.folder / "project"
    project.mkdir()
    os.chown(project, ordinary_place.uid, -1)
    loop = "for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; wait"
    ran = ordinary_place.run("--json", "--cwd", "project", "--max-procs", "5", "--command", loop)
    assert ran.result["status"] in (
        "failed",
        "limit",
    )  # the kernel's no, where it can count in there; else the watchdog
    assert ran.result["limit"] == "max_procs"
    assert "the limit on max procs was reached: raise it with --max-procs" in ran.result["hints"]


def test_many_processes_one_after_the_other_are_no_breach(place):
    words = ["--json=full", "--max-procs", "3", "--command", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done"]
    ran = place.run(*words)
    assert (ran.code, ran.result["limit"]) == (0, None)


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["sh", "-c", "exec head -c 3000000 /dev/zero >big"], "limit", 137),
        (["sh", "-c", "head -c 3000000 /dev/zero >big"], "failed", 153),
        ([*PYTHON, "open('big', 'wb').write(bytes(3_000_000))"], "failed", 1),
    ],
    ids=["killed", "its child killed", "refused"],
)
def test_a_file_above_the_limit_is_named_however_the_command_takes_it(words, status, code, place):
    ran = place.run("--json", "--max-file-size", "1M", "--", *words)
    assert (ran.code, ran.result["status"], ran.result["limit"]) == (code, status, "max_file_size")
    assert (place.folder / "big").stat().st_size == MIB


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (["--memory", "2G"], "RuntimeError: CUDA out of memory. Tried to allocate 20 MiB"),
        (["--memory", "2G"], "no such file"),
        (["--max-file-size", "2G"], "MemoryError"),
        (["--cpu-time", "60"], "File too large"),
    ],
)
def test_a_failure_for_another_reason_names_no_limit(limit, said, place):
    ran = place.run("--json=full", *limit, "--", "sh", "-c", 'echo "$1" >&2; exit 1', "sh", said)
    assert (ran.code, ran.result["limit"]) == (1, None)


@pytest.mark.parametrize(
    "said",
    [
        "fork: Cannot allocate memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "java.lang.OutOfMemoryError: Java heap space",
        "memory allocation of 1073741824 bytes failed",
        "cc1plus: virtual memory exhausted",
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB",
    ],
)
def test_the_ways_in_which_programs_report_refused_memory_are_known(said, place):
    ran = place.run("--json", "--memory", "2G", "--", "sh", "-c", 'echo "$1" >&2; exit 1', "sh", said)
    assert (ran.code, ran.result["limit"]) == (1, "memory")


def test_a_success_that_talks_about_memory_is_a_success(place):
    ran = place.run("--json=full", "--memory", "2G", "--command", "echo MemoryError >&2")
    assert (ran.code, ran.result["limit"], ran.result["status"]) == (0, None, "ok")


class TestControlGroup:
    """What only a control group shows; without one these say so."""

    @pytest.fixture(autouse=True)
    def _needs_groups(self, has_groups):
        if not has_groups:
            pytest.skip("no control group can be made here (not root, or no memory controller)")

    def test_no_group_is_left_behind(self, place):
        place.run("--memory", "100M", "--", "true")
        place.run("--memory", "100M", "--", "/nonexistent/command")
        place.run("--memory", "100M", "--", *PYTHON, PRIVATE)
        place.run("--memory", "100M", "--timeout", "0.2", "--command", "setsid sleep 9 & sleep 9")
        assert groups_left() == []

    def test_a_shell_that_goes_on_after_its_child_was_killed_is_ended(self, place):
        began = time.monotonic()
        program = f"{sys.executable} -I -S -c '{PRIVATE}'; sleep 20"
        ran = place.run("--json", "--memory", "100M", "--grace", "20", "--command", program)
        assert (ran.code, ran.result["status"], ran.result["limit"]) == (137, "limit", "memory")
        assert time.monotonic() - began < 10

    def test_cpu_that_wait_does_not_see_is_counted(self, place):
        """Whoever ignores SIGCHLD has its children reaped by the kernel, which tells nobody what they used."""
        program = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while time.process_time() < 0.4: pass
    os._exit(0)
try: os.wait()
except ChildProcessError: pass
"""
        usage = place.run("--json", "--memory", "1G", "--", sys.executable, "-c", program).result["usage"]
        assert usage["cpu_user_s"] + usage["cpu_system_s"] >= 0.4
        assert usage["complete"] is True
        usage = place.run("--json", "--", sys.executable, "-c", program).result["usage"]
        assert usage["cpu_user_s"] + usage["cpu_system_s"] < 0.4
        assert usage["complete"] is False

    def test_children_that_are_kept_stay_in_their_group(self, place, until):
        ran = place.run("--keep-children", "--memory", "100M", "--quiet", "--command", "sleep 30 >&- 2>&- & echo $!")
        pid = int(ran.out)
        (group,) = [folder for folder in groups_left() if "/memory/" in folder]
        with open(f"{group}/cgroup.procs") as file:
            assert file.read().split() == [str(pid)]
        os.kill(pid, 9)
        until(lambda: all(_is_removed(folder) for folder in groups_left()), "the end of the group")


def _is_removed(folder):
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
