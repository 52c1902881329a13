"""One thread that waits for many sockets: who waits for one leaves a function to be called."""

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[int], None]

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
BROKEN = select.EPOLLERR | select.EPOLLHUP
TICK = 0.25
"""Seconds between two looks at whose time is up, as long as there is anybody."""


class Loop:
    """``patience``: until when somebody waits, and what is called then."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._waiting: dict[int, tuple[int, Call, int]] = {}  # events, whom to call, the turn in which it came
        self._turn = 0
        self.patience: dict[object, tuple[float, Callable[[], None]]] = {}

    def watch(self, descriptor: int, events: int, call: "Call") -> None:
        """From now on call that, and no other, for these events; without any the descriptor is not looked at."""
        if not events:
            self.forget(descriptor)
            return
        known = self._waiting.get(descriptor)
        if known is None:
            self._poll.register(descriptor, events)
        elif known[0] != events:
            self._poll.modify(descriptor, events)
        self._waiting[descriptor] = events, call, known[2] if known else self._turn

    def forget(self, descriptor: int) -> None:
        """Look at it no more; before it is closed, as its number may come back."""
        if self._waiting.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def turn(self) -> None:
        """Wait for the next events and call whom they are for."""
        found = self._poll.poll(TICK if self.patience else -1)
        self._turn += 1
        for descriptor, events in found:
            known = self._waiting.get(descriptor)
            if known and known[2] != self._turn:  # else the number is somebody else's since: nothing is known of them
                known[1](events)
        if self.patience:
            now = time.monotonic()
            for who, (until, call) in list(self.patience.items()):
                if now >= until and who in self.patience:
                    del self.patience[who]
                    call()
