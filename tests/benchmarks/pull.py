"""What pulling and listing models cost: ``python -m tests.benchmarks.pull [NAME …]``. Exit 1 when a promise is broken.

CPU time (``waiting``: seconds on the clock), the contenders in turn in one run, into memory (/dev/shm) where there is
some, so that only ratios count. A pull is counted without the start of Python, of which a download of gigabytes shows
nothing.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.models.hub import Hub

ROUNDS = 5
SIZE = 384 << 20
REPO = "acme/big-GGUF"
NAME = "big-Q4_K_M.gguf"
MB = 1 << 20
CONTENT = random.Random(1).randbytes(MB) * (SIZE // MB)

PULL = """
import os, sys
from llmx.core.settings.keys import defaults
from llmx.models.download import Way
from llmx.models.hub import Hub
from llmx.models.places import places
from llmx.models.pull import Choices, Errand, pull_from_hub, pull_from_url
from llmx.models.sources import HubSource, UrlSource
errand, endpoint = Errand(places(defaults()), Choices(), print, Way()), os.environ["HF_ENDPOINT"]
import time
began, before = time.perf_counter(), os.times()
"""
FROM_HUB = "pull_from_hub(HubSource(sys.argv[1]), Hub(endpoint), errand)\n"
FROM_URL = "pull_from_url(UrlSource(f'{endpoint}/{sys.argv[1]}/resolve/main/{sys.argv[2]}'), errand)\n"
TELL = """
after = os.times()
sys.stderr.write(str(after.user + after.system - before.user - before.system))
"""
TELL_WALL = "sys.stderr.write(str(time.perf_counter() - began))\n"
HF_HUB = """
import os, sys
from huggingface_hub import hf_hub_download
before = os.times()
hf_hub_download(sys.argv[1], sys.argv[2])
"""
MEMORY = """
import sys
from llmx.__main__ import main
sys.argv = ["llmx", "model", "pull", "hf:" + sys.argv[1]]
try:
    main()
finally:
    sys.stderr.write(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


class FastHub(Hub):
    """A hub that sends as fast as it can."""

    def _send(self, request, seen, body):
        request.connection.sendall(body)
        seen.sent.append(len(body))


def environment(hub: Hub, home: Path) -> dict[str, str]:
    """A HOME of its own for each pull."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    off = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {**plain, **off, "HF_ENDPOINT": hub.url, "HOME": str(home)}


def told(code: str, hub: Hub, folder: Path) -> float:
    """The number that a process with ``code`` tells last on stderr."""
    home = Path(tempfile.mkdtemp(dir=folder))
    done = subprocess.run(
        [sys.executable, "-c", code, REPO, NAME],
        env=environment(hub, home),
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.rmtree(home)
    return float(done.stderr.split()[-1])


def cpu_of(words: list[str], **options: Any) -> float:
    """Seconds of CPU that a command takes."""
    before = os.times()
    subprocess.run(words, check=True, capture_output=True, **options)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def curl(hub: Hub, folder: Path, *, checks: bool) -> float:
    """Seconds of CPU that curl takes, and sha256sum behind it."""
    target = str(folder / "curl.gguf")
    took = cpu_of(["curl", "-sf", "-o", target, f"{hub.url}/{REPO}/resolve/main/{NAME}"])
    took += cpu_of(["sha256sum", target]) if checks else 0
    os.unlink(target)
    return took


def against(folder: Path, code: str, rival: Callable[[Hub], float]) -> float:
    """How many times as much CPU time as a pull the rival takes."""
    hub = FastHub({REPO: {NAME: CONTENT}})
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(told(PULL + code + TELL, hub, folder))
        theirs.append(rival(hub))
    hub.close()
    return median(theirs) / median(ours)


def to_curl(folder: Path) -> tuple[float, float]:
    """A file of which no digest is known, which curl does not check either."""
    return against(folder, FROM_URL, lambda hub: curl(hub, folder, checks=False)), 0.9


def to_curl_and_check(folder: Path) -> tuple[float, float]:
    """A file of the hub, which is checked."""
    return against(folder, FROM_HUB, lambda hub: curl(hub, folder, checks=True)), 0.9


def waiting(folder: Path) -> tuple[float, float]:
    """The same as one waits for it: the digest is computed while the file comes. The best of both, as others run."""
    hub = FastHub({REPO: {NAME: CONTENT}})
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(told(PULL + FROM_HUB + TELL_WALL, hub, folder))
        began = time.perf_counter()
        curl(hub, folder, checks=True)
        theirs.append(time.perf_counter() - began)
    hub.close()
    return min(theirs) / min(ours), 0.9


def to_hf_hub(folder: Path) -> tuple[float, float]:
    """A file of the hub, which huggingface_hub does not check."""
    return against(folder, FROM_HUB, lambda hub: told(HF_HUB + TELL, hub, folder)), 1.0


def memory(folder: Path) -> tuple[float, float]:
    """Times that the whole command's memory, at its most, fits into 80 MB."""
    hub = FastHub({REPO: {NAME: CONTENT}})
    most = told(MEMORY, hub, folder) / 1024
    hub.close()
    print(f"{'':<18}{most:8.1f} MB")
    return 80 / most, 1.0


def listing(folder: Path) -> tuple[float, float]:
    """Times that a list of 200 files fits into 12 starts of Python; CPU time of both."""
    for number in range(200):
        place = folder / f".local/share/llmx/models/hf/org{number % 20}/repo{number}"
        place.mkdir(parents=True)
        (place / f"model-{number}-Q4_K_M.gguf").write_bytes(b"GGUF")
    env = {**os.environ, "HOME": str(folder)}
    words = {"ours": ["-m", "llmx", "model", "list"], "bare": ["-c", "pass"]}
    times: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(2 * ROUNDS):
        for name, line in words.items():
            times[name].append(cpu_of([sys.executable, *line], env=env))
    return 12 * median(times["bare"]) / median(times["ours"]), 1.0


CASES: dict[str, Callable[[Path], tuple[float, float]]] = {
    "memory": memory,
    "list": listing,
    "curl": to_curl,
    "curl and check": to_curl_and_check,
    "waiting": waiting,
    "hf_hub": to_hf_hub,
}
"""Name -> what gives the factor found and the least one promised."""


def main(names: list[str]) -> int:
    """Print a line a case."""
    is_kept = True
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    for name in names or CASES:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            found, least = CASES[name](Path(folder))
        is_kept &= found >= least
        print(f"{name:<18} {found:8.2f}   promised {least}", flush=True)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
