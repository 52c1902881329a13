"""Settings and trust."""

from tests.promises import Row

ROWS: list[Row] = []
