"""The files that a diff changes, as its newer side has them, and which of their lines it adds."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmx.errors import UsageError
from llmx.templates.builtin.code_review.git import asked, required, top_of
from llmx.templates.builtin.code_review.sources import LINK, Source, decoded, is_code, skipped, text_of
from llmx.templates.diffs import Diff, Lines, read_diff

PLAIN = (
    *("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none"),
)
"""A diff by lines with git's own prefixes, whatever somebody's settings say, or a ``.gitmodules`` that is changed."""

SUBMODULE = "a submodule: what changes in it is not in this diff"
OTHERWISE = "it is not here as the diff has it: check out what the diff leads to"
INDEX = ":0:"
_OF_ONE = re.compile(r"(.+)\^(?:!|-\d*)")
"""One commit compared with its parent: ``HEAD^!``."""


def of_diff(root: Path, diff: str, options: Mapping[str, Any], coverage: list[dict[str, Any]]) -> Iterator[Source]:
    """The sources; what was read and what was not, and why, is added to ``coverage``."""
    base, side = top_of(root), _side(diff)
    read = read_diff(str(options["diff_text"]) if diff == "-" else _diff_text(base, diff))
    for name, change in read.files.items():
        text, reason = _of_side(base, side, name) if side else _of_files(base, name)
        asked_about = _asked(read, name, text.count("\n") + 1)
        if asked_about == frozenset() and reason != SUBMODULE:
            reason = "deleted" if name in read.deleted else "nothing is added"
        if not reason and not _holds(text, change.kept | (change.added or {})):
            reason = OTHERWISE
        coverage.append(skipped(name, reason) if reason else {"path": name, "read": True, "reason": ""})
        if not reason:
            yield Source(name, text, asked_about)


def _holds(text: str, lines: Lines) -> bool:
    """Whether the lines stand there: a diff may be of another branch than the one whose files are here."""
    there = text.split("\n")
    return all(number <= len(there) and there[number - 1].removesuffix("\r") == line for number, line in lines.items())


def _asked(diff: Diff, name: str, last: int) -> frozenset[int] | None:
    """The lines that are added, and those between which others were taken out.

    All of them, which is None, where the diff does not tell, or where the file is code only by its new name.
    """
    change, before = diff.files[name], diff.before.get(name)
    if change.added is None or (before and not is_code(Path(before), lambda: b"")):
        return None
    beside = {number for gap in change.gaps for number in (gap - 1, gap) if 1 <= number <= last}
    return frozenset({*change.added, *beside})


def _side(diff: str) -> str:
    """What the newer side of a diff is called by git; empty for the files as they are now."""
    if diff == "--cached":
        return INDEX
    if one := _OF_ONE.fullmatch(diff):
        return f"{one[1]}:"
    dots = next((dots for dots in ("...", "..") if dots in diff), "")
    return f"{diff.rpartition(dots)[2] or 'HEAD'}:" if dots else ""


def _of_files(base: Path, name: str) -> tuple[str, str]:
    """The text of a file as it is now, or why there is none."""
    file = base / name
    if not Path(os.path.realpath(file.parent)).is_relative_to(os.path.realpath(base)):
        raise UsageError(f"the diff names {name!r}, which is outside of {base}")
    if not os.path.lexists(file):
        return "", "it is not there"
    return ("", SUBMODULE) if file.is_dir() and not file.is_symlink() else text_of(file, is_named=False)


def _of_side(base: Path, side: str, name: str) -> tuple[str, str]:
    """The text of a file as git has it, which need not be in the working tree, or why there is none."""
    if not name.isprintable():
        return "", "its name has characters that cannot be printed"
    kind = _kind(base, side, name)
    if kind == b"160000":
        return "", SUBMODULE
    if kind == b"120000":
        return "", LINK
    data = asked(base, "cat-file", "blob", f"{side}{name}")
    if data is None:
        return "", "git does not have it"
    return decoded(data) if is_code(base / name, lambda: data) else ("", "not code by its name")


def _kind(base: Path, side: str, name: str) -> bytes:
    """The mode that git has for the file; empty where it has none."""
    if side == INDEX:
        said = asked(base, "ls-files", "-s", "--", f":(literal,top){name}")
    else:
        said = asked(base, "ls-tree", side.removesuffix(":"), "--", name)
    return (said or b"").partition(b" ")[0]


def _diff_text(base: Path, diff: str) -> str:
    words = [diff] if diff == "--cached" else ["--end-of-options", diff]
    return required(base, "diff", *PLAIN, *words, "--").decode(errors="surrogateescape")
