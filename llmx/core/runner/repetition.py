"""Notice that a model says the same over and over: small ones fall into it and would go on to their last token."""

SHORTEST, LONGEST = 10, 100
"""Characters of what is repeated."""
TIMES = 3
WINDOW = 1000
EVERY = 32
"""Characters between two looks: a look costs more than a token of a small model."""


class Repetition:
    """The end of an answer."""

    def __init__(self) -> None:
        self._tail = ""
        self._since = 0

    def take(self, text: str) -> bool:
        """Whether the answer, with this added, ends in one text ``TIMES`` times."""
        self._tail = (self._tail + text)[-WINDOW:]
        self._since += len(text)
        if self._since < EVERY:
            return False
        self._since = 0
        return any(self._repeats(length) for length in range(SHORTEST, LONGEST + 1))

    def _repeats(self, length: int) -> bool:
        unit = self._tail[-length:]
        return len(self._tail) >= length * TIMES and self._tail.endswith(unit * TIMES) and len(set(unit)) > 1
