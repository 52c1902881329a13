"""A fix as a patch in git's form, made from lines that are known to stand in the source."""

import difflib

from llmx.templates.builtin.code_review.anchors import Anchor
from llmx.templates.builtin.code_review.sources import Source


def patch_of(source: Source, anchor: Anchor, replacement: str) -> str:
    """A patch that ``git apply`` takes at the source's root; empty where nothing would change."""
    before = source.text.split("\n")
    old = before[anchor.first - 1]
    indent = old[: len(old) - len(old.lstrip())]
    new = replacement.strip("\n").split("\n") if replacement else []
    if new and indent and not new[0][:1].isspace():
        new = [indent + line if line else line for line in new]
    after = [*before[: anchor.first - 1], *new, *before[anchor.last :]]
    if after == before:
        return ""
    lines = difflib.unified_diff(_with_ends(before), _with_ends(after), f"a/{source.path}", f"b/{source.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _with_ends(lines: list[str]) -> list[str]:
    """The lines with their ends; a text that ends without one keeps that."""
    *whole, rest = lines
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]
