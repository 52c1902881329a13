"""Leave no empty table behind: what llmx made around its entries goes with the last of them."""

from collections.abc import Iterable
from dataclasses import replace

from llmx.core.edits import Change, Unset, outcome, plan
from llmx.core.edits.values import MISSING, KeyPath, Value, look, without


def without_emptied(change: Change, value: Value, made: Iterable[KeyPath]) -> tuple[Change, list[KeyPath]]:
    """The change of a file that holds ``value``, with the end of what of ``made`` it empties, and what that is.

    An empty path is the file itself. Nothing goes that would take a comment of the user's with it.
    """
    paths = sorted(made, key=len, reverse=True)
    value = outcome(value, change.operations)
    gone: list[KeyPath] = []
    for path in paths:
        found = look(value, path)
        if (not path and not value) or (path and (found is MISSING or found in ({}, []))):
            gone.append(path)
            value = without(value, path) if path else value
    if not gone:
        return change, []
    ends = [Unset(path) for path in gone if path]
    whole = replace(change, operations=[*change.operations, *ends], keep_empty=() not in gone)
    return (whole, gone) if _comments(whole) == _comments(change) else (change, [])


def _comments(change: Change) -> int:
    """How many marks of comments there are after the change."""
    after = b"".join(file.after or b"" for file in plan([change], title="").files)
    return sum(after.count(mark) for mark in (b"#", b"//", b"/*"))
