"""Edits of files that people own."""

from tests.promises import Row

ROWS: list[Row] = []
