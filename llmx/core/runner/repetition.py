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
        """Whether a text of that length stands there often enough; a single character, as in a rule, all the time."""
        unit = self._tail[-length:]
        if len(self._tail) < length * TIMES or not self._tail.endswith(unit * TIMES):
            return False
        return len(set(unit)) > 1 or self._tail == unit[0] * WINDOW
