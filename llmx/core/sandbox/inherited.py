"""Whether this process is inside a sandbox of llmx's already, going by what the kernel says and by nothing else.

The sandbox has a file, on a read-only mount of its own, that says which run made it, its level and network, which
descriptor its first process holds open for the lines of inner runs, and the hosts and ports to be reached, or ``-``.
"""

import os

from llmx.core.process import read_file
from llmx.core.sandbox import MARKER, NOTHING, Reach
from llmx.errors import ExecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONFINED = tuple(
    f"\n{name}:\t{value}\n".encode()
    for name, value in {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16}.items()
)
"""What holds for every process at the full level, and cannot be had back once it holds."""


class Outer:
    """The sandbox around this process: its run, level and network, and the way to that run's log.

    ``reach``: the hosts that its proxy leads to, and the ports of the machine that are there.
    """

    __slots__ = ("level", "network", "pipe", "reach", "run_id")

    def __init__(self, run_id: str, level: str, network: str, pipe: str, reach: Reach) -> None:
        self.run_id = run_id
        self.level = level
        self.network = network
        self.pipe = pipe
        self.reach = reach


def outer(marker: str = MARKER) -> Outer | None:
    """The sandbox that this process is in; None where there is none of ours."""
    try:
        words = read_file(marker).decode().split()
        status = read_file("/proc/self/status")
        mounts = read_file("/proc/self/mountinfo")
        pipe = f"/proc/1/fd/{words[3]}"
        names, connect = ([part for part in word.split(",") if part != "-"] for word in words[4:6])
        is_pipe = os.stat(pipe).st_mode & 0o170000 == 0o010000  # S_IFIFO
    except (OSError, ValueError, IndexError):
        return None
    if not (is_pipe and all(line in status for line in _CONFINED) and _is_mounted(marker, mounts)):
        return None
    return Outer(words[0], words[1], words[2], pipe, Reach(names, [int(port) for port in connect]))


def left_of(asked: "dict[str, Any]", around: Outer) -> "dict[str, Any]":
    """The arguments of ``make_plan``, less what of the network is not there; raises ``ExecError`` for a port.

    There is one network for everything in a sandbox: what reaches fewer hosts in there would have to ask for it.
    """
    reach = asked.get("reach", NOTHING)
    has_all = around.network == "host" or set(reach.connect) <= set(around.reach.connect)
    for option, is_there in (("--connect", has_all), ("--publish", not reach.publish)):
        if not is_there:
            raise ExecError(
                f"{option}: inside another llm-exec there are only the ports that the outer one was given",
                code="sandbox",
                hint=f"give {option} to the outer llm-exec",
            )
    network = asked["network"] if asked["network"] == "none" else around.network
    return {
        **asked,
        "network": network,
        "reach": Reach(around.reach.names if network == "names" else [], reach.connect),
    }


def _is_mounted(marker: str, mounts: bytes) -> bool:
    """Whether the file is a mount of its own, and read-only: no process inside can have put it there."""
    for line in mounts.splitlines():
        fields = line.split(b" ")
        if fields[4] == marker.encode() and b"ro" in fields[5].split(b","):
            return True
    return False
