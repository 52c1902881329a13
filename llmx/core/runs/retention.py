"""How much is stored and for how long: 100 MB in all, 7 days, and nothing of a run that is alive is ever removed.

What the sandbox has taken out of repositories goes with it.
"""

import os
import time

from llmx.core.plugins import load
from llmx.core.runs.places import START, all_runs, folder_of, sizes, stored_ids, time_of
from llmx.paths import state_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 100_000_000
MOST_DAYS = 7
MOST_RUNS = 2000
UNFINISHED = 3600.0  # seconds after which a folder without a start is what a killed llm-exec left
RESTS = 60.0  # seconds between two looks where a run stores only its figures


class Pruned:
    """What was removed: how many runs' output, and their bytes."""

    __slots__ = ("bytes", "runs")

    def __init__(self) -> None:
        self.runs = 0
        self.bytes = 0


def prune(
    env: "Mapping[str, str]", *, days: float = MOST_DAYS, most_bytes: int = MOST_BYTES, most_runs: int = MOST_RUNS
) -> Pruned:
    """Remove what is older than ``days``, and the oldest until the rest fits; lines in the log stay."""
    pruned, now, held, kept = Pruned(), time.time(), 0, 0
    for run_id in reversed(stored_ids(env)):
        try:
            size = sum(sizes(folder_of(env, run_id)))
        except OSError:  # another is removing it
            continue
        is_over = now - time_of(run_id) > days * 86400 or held + size > most_bytes or kept >= most_runs
        if is_over and not _is_in_use(env, run_id, now):
            pruned.runs += remove(folder_of(env, run_id))
            pruned.bytes += size
        else:
            held += size
            kept += 1
    if os.path.exists(f"{state_dir(env)}/set-aside"):
        load("llmx.core.sandbox.set_aside:prune")(env, days)
    _note_look(env)
    return pruned


def prune_now_and_then(env: "Mapping[str, str]") -> None:
    """The same unless it was done within the last minute."""
    try:
        if 0 <= time.time() - os.stat(f"{all_runs(env)}/.pruned").st_mtime < RESTS:
            return
    except OSError:
        pass
    prune(env)


def _note_look(env: "Mapping[str, str]") -> None:
    path = f"{all_runs(env)}/.pruned"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(path)
    except OSError:
        pass  # looked at again next time


def _is_in_use(env: "Mapping[str, str]", run_id: str, now: float) -> bool:
    folder = folder_of(env, run_id)
    if not os.path.exists(f"{folder}/{START}"):
        return now - time_of(run_id) < UNFINISHED
    is_running: bool = load("llmx.core.runs.records:is_running")(folder)
    return is_running


def remove(folder: str) -> bool:
    """Remove a run's folder; whether this call did it. The start goes last: what has none is not looked at."""
    try:
        names = sorted(os.listdir(folder), key=START.__eq__)
        for name in names:
            os.unlink(f"{folder}/{name}")
        os.rmdir(folder)
    except OSError:
        return False
    return True
