"""How much memory a new process may take: what the machine has free, and what control groups and limits leave."""

import resource
from typing import NamedTuple

import psutil

from llmx.core.process.cgroup import entry, number, places

_UNLIMITED = 1 << 60
_NAMES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file "),
    2: ("memory.max", "memory.current", b"inactive_file "),
}


class Headroom(NamedTuple):
    """Bytes that may still be used, and what sets that bound."""

    bytes: int
    source: str


def headroom(proc: str = "/proc/self") -> Headroom:
    """The tightest bound of all; file cache that the kernel would give up counts as free."""
    bounds = [Headroom(psutil.virtual_memory().available, "free memory"), *_groups(proc), *_own_limit()]
    return min(bounds, key=lambda bound: bound.bytes)


def _groups(proc: str) -> list[Headroom]:
    """What each control group from this process's own up to the root leaves."""
    found = []
    for version, controllers, mount, own in places(proc):
        if version == 1 and "memory" not in controllers:
            continue
        group = own
        while True:
            found += _left(version, mount + group)
            if not group:
                break
            group = group.rpartition("/")[0]
    return found


def _left(version: int, folder: str) -> list[Headroom]:
    most, used, reclaimable = _NAMES[version]
    limit, usage = number(f"{folder}/{most}"), number(f"{folder}/{used}")
    if limit is None or usage is None or limit >= _UNLIMITED:  # "max" is no number; version 1 has a huge one
        return []
    left = limit - usage + entry(f"{folder}/memory.stat", reclaimable)
    return [Headroom(max(0, left), f"the control group's limit of {limit // 1_000_000} MB")]


def _own_limit() -> list[Headroom]:
    """A limit of the address space is handed on to children, which start nearly empty."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return [Headroom(soft, "the limit of address space")] if 0 <= soft < _UNLIMITED else []
