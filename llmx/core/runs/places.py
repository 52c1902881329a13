"""Where runs store what does not go into the log: one private folder each, named by the run's id."""

import os

from llmx.paths import make_private, state_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # of ids, see `new_run_id`
ID_LENGTH = 16
START, RESULT = "start.json", "result.json"


def all_runs(env: "Mapping[str, str]") -> str:
    """The folder of all runs' folders."""
    return f"{state_dir(env)}/runs"


def folder_of(env: "Mapping[str, str]", run_id: str) -> str:
    """The run's folder, whether or not it is there; ``run_id`` must be one."""
    return f"{all_runs(env)}/{run_id}"


def make_folder(env: "Mapping[str, str]", run_id: str) -> str:
    """Make the run's folder, which nobody else may enter."""
    folder = folder_of(env, run_id)
    make_private(state_dir(env))
    make_private(all_runs(env))
    os.mkdir(folder, 0o700)
    return folder


def stored_ids(env: "Mapping[str, str]") -> list[str]:
    """The ids of the runs that have a folder, oldest first."""
    try:
        with os.scandir(all_runs(env)) as found:
            return sorted([entry.name for entry in found if is_id(entry.name) and entry.is_dir(follow_symlinks=False)])
    except OSError:
        return []


def is_id(text: str) -> bool:
    """Whether ``text`` is a whole id."""
    return len(text) == ID_LENGTH and not text.strip(DIGITS)


def time_of(run_id: str) -> float:
    """When the run with that id started, in seconds since the epoch: the middle of its millisecond."""
    number = 0
    for digit in run_id[:9]:
        number = number << 5 | DIGITS.index(digit)
    return (number + 0.5) / 1000


def sizes(folder: str) -> "Iterator[int]":
    """The sizes of the folder's files."""
    with os.scandir(folder) as found:
        for entry in found:
            yield entry.stat(follow_symlinks=False).st_size


def write_private(path: str, data: bytes) -> None:
    """Put ``data`` at ``path`` whole or not at all, for its owner to read."""
    temporary = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
