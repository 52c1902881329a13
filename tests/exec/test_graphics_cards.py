"""Graphics cards in a run: device nodes that are really there, and an nvidia-smi that really runs.

Root gives each llm-exec a /dev of its own, in a mount namespace that ends with it; the nodes answer as /dev/null does,
so that using them shows more than their names.
"""

import os
import shlex
import subprocess
from typing import cast

import pytest

from llmx.core.process.supervise import Supervisor
from llmx.exec.card_memory import LONGEST_ANSWER, CardMemory, memory_by_process, open_card_memory
from tests.exec.conftest import LLM_EXEC, Ran

NVIDIA = ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps/cap1")
OTHERS = ("dri/renderD128", "dri/renderD129", "kfd", "dxg")
NODES = (*NVIDIA, *OTHERS)
SBIN = "/usr/local/sbin"  # a folder of the system in which nothing lies; the namespace gets one of its own over it
PREPARE = """
set -e
new=$1 uid=$2 path=$3 smi=$4
shift 4
mount -t tmpfs -o mode=755 tmpfs "$new"
for node in null zero full random urandom tty; do cp -a /dev/$node "$new/$node"; done
mkdir "$new/shm" "$new/pts"
mount --bind /dev/shm "$new/shm"
mount --bind /dev/pts "$new/pts"
ln -s /proc/self/fd "$new/fd"
ln -s pts/ptmx "$new/ptmx"
for node in $NODES; do
    mkdir -p "$(dirname "$new/$node")"
    mknod -m 666 "$new/$node" c 1 3
done
mount --rbind "$new" /dev
if [ "$smi" ]; then
    mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
    printf '%s' "$smi" >/usr/local/sbin/nvidia-smi
    chmod 755 /usr/local/sbin/nvidia-smi
fi
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups env PATH="$path" "$@"
"""
USE = 'for node in "$@"; do [ -c "/dev/$node" ] && echo used >"/dev/$node" && echo "$node"; done 2>/dev/null; true'
"""Prints the nodes that are there and that can be written to."""


class Watched:
    """What is asked of a supervisor."""

    def __init__(self) -> None:
        self.strangers: frozenset[int] = frozenset()


@pytest.fixture(params=["bubblewrap", "landlock"])
def level(request):
    return request.param


@pytest.fixture
def machine(ordinary_place, tmp_path):
    """Run llm-exec as an ordinary user on a machine with graphics cards, and with ``smi`` as its nvidia-smi."""
    if os.getuid() != 0:
        pytest.skip("only root can make device nodes: this check runs in the root half of the tests")
    place = ordinary_place
    work = place.folder / "work"
    work.mkdir()
    os.chown(work, place.uid, place.uid)
    new = tmp_path / "dev"
    new.mkdir()

    def run(*words, nodes=NODES, smi="", level="bubblewrap"):
        path = _without_bwrap(place) if level == "landlock" else place.env["PATH"]
        prepare = [
            "unshare",
            "--mount",
            "--",
            "sh",
            "-c",
            PREPARE,
            "sh",
            str(new),
            str(place.uid),
            f"{SBIN}:{path}",
            smi,
        ]
        done = subprocess.run(
            [*prepare, *LLM_EXEC, *words],
            cwd=work,
            env=place.env | {"PATH": os.environ["PATH"], "NODES": " ".join(nodes)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def _without_bwrap(place):
    """A PATH with what the tests run, and no bubblewrap."""
    folder = place.folder / "bin"
    folder.mkdir()
    for program in ("sh", "sleep", "true"):
        (folder / program).symlink_to(f"/usr/bin/{program}")
    return str(folder)


def usable(ran):
    return set(ran.result["stdout"].split())


@pytest.mark.promise("S0-57")
def test_cards_are_there_and_can_be_used_by_default(machine, level):
    ran = machine("--json", "--", "sh", "-c", USE, "sh", *NODES, level=level)
    assert ran.result["sandbox"]["mechanism"] == level
    assert usable(ran) == set(NODES)


@pytest.mark.promise("S0-57")
def test_no_gpu_leaves_none_that_can_be_used(machine, level):
    seen = f'{USE}; echo "<$CUDA_VISIBLE_DEVICES>"'
    ran = machine("--json", "--no-gpu", "--", "sh", "-c", seen, "sh", *NODES, level=level)
    assert ran.result["sandbox"]["mechanism"] == level
    assert usable(ran) == {"<>"}


@pytest.mark.promise("S0-57")
@pytest.mark.parametrize(
    ("gpu", "cards", "visible"),
    [("0", {"nvidia0"}, "0"), ("1", {"nvidia1"}, "0"), ("1,0", {"nvidia0", "nvidia1"}, "0,1")],
)
def test_of_several_cards_those_that_were_asked_for_are_there(machine, level, gpu, cards, visible):
    """CUDA numbers the cards anew that it can open, so the numbers inside begin at 0."""
    seen = f'{USE}; echo "visible=$CUDA_VISIBLE_DEVICES"'
    ran = machine("--json", "--gpu", gpu, "--", "sh", "-c", seen, "sh", *NODES, level=level)
    assert ran.result["sandbox"]["mechanism"] == level
    shared = {"nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps/cap1", "kfd", "dxg"}
    assert usable(ran) == shared | cards | {f"visible={visible}"}


def test_of_cards_of_another_make_the_one_that_was_asked_for_is_there(machine, level):
    """ROCm reads CUDA_VISIBLE_DEVICES as it reads HIP_VISIBLE_DEVICES."""
    seen = f'{USE}; echo "visible=$CUDA_VISIBLE_DEVICES"'
    ran = machine("--json", "--gpu", "1", "--", "sh", "-c", seen, "sh", *OTHERS, nodes=OTHERS, level=level)
    assert usable(ran) == {"kfd", "dxg", "dri/renderD129", "visible=0"}


@pytest.mark.parametrize("gpu", ["2", "0,7", "all", "-1", "0,", "0 1"])
def test_a_card_that_there_is_not_is_refused_before_anything_runs(machine, gpu):
    ran = machine("--gpu", gpu, "--", "sh", "-c", "echo ran")
    assert (ran.code, ran.out) == (125, b"")
    assert b"--gpu" in ran.err


SMI = """#!/bin/sh
[ "$*" = "--query-compute-apps=pid,used_gpu_memory --format=csv,noheader,nounits" ] || exit 9
for process in /proc/[0-9]*; do
    read -r name <"$process/comm" && [ "$name" = %s ] && echo "${process#/proc/}, 512"
done 2>/dev/null
echo "1, 4096"
[ -e twice ] && : >thrice
[ -e once ] && : >twice
: >once
"""
HOLD = """
/usr/bin/cp /usr/bin/sleep holder
./holder 60 & ./holder 60 &
until [ -e thrice ]; do sleep 0.05; done
kill %1 %2
"""
"""Two processes that are there until nvidia-smi is asked for the third time: its answer about them was taken."""


@pytest.mark.promise("S0-57")
def test_monitor_adds_the_memory_that_the_run_holds_on_its_cards(machine, level):
    """Two hold 512 MiB each; what others hold, as pid 1, is none of the run's."""
    ran = machine("--json=full", "--monitor", "--command", HOLD, smi=SMI % "holder", level=level)
    assert ran.result["usage"]["gpu_mem_bytes"] == 1024 << 20
    series = ran.result["monitor"]["series"]["gpu_mem_bytes"]
    assert len(series) == ran.result["monitor"]["samples"]
    assert 1024 << 20 in series


def test_a_run_that_computes_on_no_card_holds_nothing(machine):
    ran = machine("--json", "--monitor", "--command", HOLD, smi=SMI % "nobody")
    assert ran.result["usage"]["gpu_mem_bytes"] == 0


@pytest.mark.parametrize(
    "smi",
    [
        "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9\n",
        "#!/bin/sh\nwhile :; do echo '1, [N/A]'; done\n",
        "#!/bin/sh\nexec sleep 1000\n",
        "#!/nonexistent\n",
    ],
    ids=["fails", "never stops talking", "never answers", "does not start"],
)
def test_an_nvidia_smi_that_is_of_no_use_costs_the_run_nothing(machine, smi):
    ran = machine("--json=full", "--no-sandbox", "--monitor", "--", "sleep", "0.4", smi=smi)
    assert ran.result["status"] == "ok"
    assert ran.result["usage"]["gpu_mem_bytes"] is None
    assert ran.result["usage"]["processes"] == 1


def test_without_nvidia_smi_the_result_does_not_speak_of_cards(machine):
    result = machine("--json=full", "--monitor", "--", "sh", "-c", "sleep 0.2").result
    assert "gpu_mem_bytes" not in result["usage"]
    assert "gpu_mem_bytes" not in result["monitor"]["series"]


def test_an_nvidia_smi_that_a_command_could_have_written_is_not_run(tmp_path):
    """It would run outside of the sandbox."""
    trap = tmp_path / "nvidia-smi"
    trap.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(tmp_path / 'ran'))}\n")
    trap.chmod(0o755)
    assert open_card_memory(cast("Supervisor", Watched()), {"PATH": f"{tmp_path}:.:"}) is None


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        (b"", {}),
        (b"12, 100\n13, 5\n", {12: 100 << 20, 13: 5 << 20}),
        (b"12, 100\n12, 50\n", {12: 150 << 20}),
        (b"12, [N/A]\n", None),
        (b"No running processes found\n", None),
        (b"pid, used_gpu_memory [MiB]\n12, 100 MiB\n", None),
        (b"\xff\xfe\n", None),
    ],
)
def test_answers_are_read_or_left(answer, held):
    assert memory_by_process(answer) == held


def test_an_answer_without_end_is_cut(tmp_path):
    talker = tmp_path / "nvidia-smi"
    talker.write_text("#!/bin/sh\nexec yes '7, 1'\n")
    talker.chmod(0o755)
    cards = CardMemory(str(talker), cast("Supervisor", Watched()))
    for _ in range(100_000):
        cards.look([7], 0.0)
        if cards.peak is not None:
            break
    cards.close()
    assert cards.peak is not None
    assert LONGEST_ANSWER // 5 <= cards.peak >> 20 <= LONGEST_ANSWER // 5 + 65536  # lines of 5 bytes, 1 MiB each
