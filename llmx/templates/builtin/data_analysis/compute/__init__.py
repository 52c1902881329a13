"""What is computed of a table, in a process of its own: nothing here asks a model or writes a file."""

from typing import Any

JSON = dict[str, Any]


class DataError(Exception):
    """The table or the question about it is wrong; ``is_usage`` where the parameters are."""

    def __init__(self, message: str, *, is_usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_usage = is_usage
