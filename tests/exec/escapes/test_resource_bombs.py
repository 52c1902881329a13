"""What a command may use up: processes, memory, files, temporary space."""

import os
import resource

import pytest

from tests.exec.escapes.levels import environment, words
from tests.exec.escapes.scene import PYTHON

FORK = """
import os, time
born = 0
try:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        born += 1
except OSError:
    pass
print(born, flush=True)
"""
SHARED = (
    "import mmap; m = mmap.mmap(-1, 600 << 20); [m.__setitem__(i, 1) for i in range(0, len(m), 4096)]; print('full')"
)
PRIVATE = "b = bytearray(600 << 20); b[::4096] = bytes(len(b[::4096])); import time; time.sleep(0.5); print('full')"
FILE = "f = open('big', 'wb', 0); [f.write(bytes(1 << 20)) for _ in range(20)]; print('full')"
LEVELS = ["full", "landlock", "restricted"]


def run(scene, level, program, *options):
    return scene.place.run(
        program=words(level, [PYTHON, "-S", "-E", "-c", program], "--json", *options),
        cwd=scene.work,
        env=environment(level, scene),
        patience=60,
    )


def test_two_hundred_processes_are_born_where_nothing_limits_them(scene):
    assert run(scene, "control", FORK).result["stdout"] == "200\n"


@pytest.mark.parametrize("level", LEVELS)
def test_a_fork_bomb_stops_at_the_limit(scene, level):
    ran = run(scene, level, FORK, "--max-procs", "50")
    born = int(ran.result.get("stdout") or 0)
    if level == "landlock":  # where a watchdog counts, more may be born, and be gone again, before it looks
        assert "exact_max_procs" in ran.result["sandbox"]["degraded"]
        return
    assert born <= 50
    assert ran.result.get("limit") == "max_procs" or born >= 40


@pytest.mark.parametrize("program", [SHARED, PRIVATE], ids=["shared", "private"])
def test_memory_is_to_be_had_where_nothing_limits_it(scene, program):
    assert run(scene, "control", program).result["stdout"] == "full\n"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("program", [SHARED, PRIVATE], ids=["shared", "private"])
def test_memory_ends_at_the_limit(scene, level, program):
    ran = run(scene, level, program, "--memory", "200M")
    assert ran.result["status"] != "ok", ran
    assert "full" not in ran.result.get("stdout", "")


def test_a_file_grows_where_nothing_limits_it(scene):
    assert run(scene, "control", FILE).result["stdout"] == "full\n"
    assert (scene.work / "big").stat().st_size == 20 << 20


@pytest.mark.parametrize("level", ["full", "landlock"])
def test_a_file_ends_at_the_limit(scene, level):
    assert run(scene, level, FILE, "--max-file-size", "5M").code != 0
    assert (scene.work / "big").stat().st_size <= 5 << 20


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/dev/shm"])
def test_temporary_folders_are_bounded(scene, folder):
    size = "import os, sys; s = os.statvfs(sys.argv[1]); print(s.f_blocks * s.f_frsize)"
    command = [PYTHON, "-S", "-E", "-c", size, folder]
    inside = int(scene.place.run(program=words("full", command), cwd=scene.work).out)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < inside <= memory


@pytest.mark.parametrize("level", LEVELS)
def test_descriptors_are_bounded_and_programs_see_the_usual_number(scene, level):
    usual, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(usual, 1024), highest))
    try:
        program = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
        soft, hard = map(int, run(scene, level, program).result["stdout"].split())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, highest))
    assert (soft, hard) == (min(usual, 1024), min(highest, 1 << 16) if highest > 0 else 1 << 16)
