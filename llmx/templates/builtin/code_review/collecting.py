"""What is to be reviewed: the files below a path, or what a diff adds to them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.errors import InconclusiveError, NotFoundError
from llmx.templates.builtin.code_review.changes import of_diff
from llmx.templates.builtin.code_review.sources import Source, of_files
from llmx.templates.judging import left_out


def collected(path: str, options: Mapping[str, Any], coverage: list[dict[str, Any]]) -> list[Source]:
    """The sources below ``path``; what was read and what was not, and why, is added to ``coverage``."""
    root = Path(path)
    if not root.exists():
        raise NotFoundError(f"there is nothing at {path}", hint="llmx template exec code-review --param code_path=PATH")
    diff = options.get("diff") or ("--cached" if options.get("staged") else "")
    sources = list(of_diff(root, diff, options, coverage) if diff else of_files(root, coverage))
    if diff and not coverage:
        what = "the diff" if diff == "-" else f"git diff {diff}"
        raise InconclusiveError(f"{what} changes nothing: there was nothing to review")
    if not sources:
        raise InconclusiveError(f"nothing at {path} can be reviewed", hint=left_out(coverage))
    return sources
