"""Where a file goes: a name in its category's folder that nothing has yet."""

import os
from collections.abc import Iterator

LONGEST = 255


class Targets:
    """Names in folders; one that is given is not given again."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def free(self, folder: str, name: str) -> str:
        """The path of ``name`` in ``folder``, with a number before its extension where that is taken."""
        for candidate in candidates(name):
            path = os.path.join(folder, candidate)
            if path not in self._given and not os.path.lexists(path):
                self._given.add(path)
                return path
        raise AssertionError


def candidates(name: str) -> Iterator[str]:
    """``report.pdf``, ``report (2).pdf``, ``report (3).pdf`` … none longer than a file system takes."""
    yield name
    stem, extension = os.path.splitext(name)
    number = 2
    while True:
        end = os.fsencode(f" ({number}){extension}")
        kept = os.fsencode(stem)[: max(1, LONGEST - len(end))]
        yield os.fsdecode(kept.decode("utf-8", "ignore").encode() if _is_text(stem) else kept) + os.fsdecode(end)
        number += 1


def _is_text(name: str) -> bool:
    return not any("\udc80" <= each <= "\udcff" for each in name)
