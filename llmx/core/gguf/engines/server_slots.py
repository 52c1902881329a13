"""The sequences of llama.cpp's server: which of them knows what, and what one knows copied to others."""

import http.client
import json
import os
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import Any

from llmx.core.runner.prefixes import shared

HELD_OPEN = "/proc/self/fd/"
"""Where the server writes and reads the state of a sequence: a file without a name, under its descriptor's number."""
CAN_COPY = os.path.isdir(HELD_OPEN)


class Slots:
    """Those of the server at ``address``, whose HTTP side is asked what its functions do not tell."""

    def __init__(self, address: str, key: str, count: int) -> None:
        self._address, self._key = address.partition("//")[2], key
        self._held: list[list[int]] = [[] for _ in range(count)]
        self._used = [0] * count
        self._clock = 0
        self._busy: set[int] = set()

    @property
    def free(self) -> int:
        """How many have no job."""
        return len(self._held) - len(self._busy)

    def known(self, plan: list[int]) -> int:
        """How much of a plan one of the free ones may know."""
        return max((shared(self._held[slot], plan) for slot in self._idle()), default=0)

    def take(self, plan: list[int]) -> int:
        """The free one that knows most of the plan, the one not used for longest of several; it is busy now."""
        slot = max(self._idle(), key=lambda each: (shared(self._held[each], plan), -self._used[each]))
        self._clock += 1
        self._busy.add(slot)
        self._held[slot], self._used[slot] = plan, self._clock
        return slot

    def give_back(self, slot: int) -> None:
        """Its job is at its end."""
        self._busy.discard(slot)

    def _idle(self) -> Iterable[int]:
        return [slot for slot in range(len(self._held)) if slot not in self._busy]

    def tokens(self, text: str) -> list[int]:
        """The tokens of a prompt; raises ``OSError`` or ``ValueError`` where the server does not say."""
        return list(self._asked("/tokenize", {"content": text, "add_special": True})["tokens"])

    def copy(self, source: int, targets: Iterable[int]) -> None:
        """Let the ``targets`` know what ``source`` does; raises as ``tokens`` does."""
        with TemporaryFile() as state:
            name = {"filename": str(state.fileno())}
            self._asked(f"/slots/{source}?action=save", name)
            for slot in targets:
                self._asked(f"/slots/{slot}?action=restore", name)

    def _asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._address)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except http.client.HTTPException as error:
            raise OSError(str(error)) from None
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(str(said)[:200])
        found: dict[str, Any] = said
        return found
