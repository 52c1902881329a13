"""What each file is, by the rules, and what is still to be asked of a model."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.documents import DocumentError, read_async
from llmx.templates.builtin.file_classification.deciding import (
    UNDECIDED,
    Decision,
    by_both,
    by_content,
    by_name,
    disguised,
)
from llmx.templates.builtin.file_classification.kinds import Seen, look
from llmx.templates.builtin.file_classification.presets import Category, categories
from llmx.templates.builtin.file_classification.scanning import Found, shown

PAPERS = ("pdf", "docx", "odt", "rtf", "html", "doc")
"""Kinds whose text is read out of them where words are to decide."""


class Sorted(NamedTuple):
    """What a file is: its ``row`` for later phases, whether it was read or the ``reason`` why not, and its first bytes.

    The row's ``question`` is what a model is to be told of it, None where it is not asked.
    """

    row: dict[str, Any]
    reason: str
    data: bytes


async def sort_file(given: Mapping[str, Any], found: Found) -> Sorted:
    """What the rules say of one file."""
    strategy, name = given["classification_strategy"], os.path.basename(found.path)
    named = categories(given["category_preset"])
    seen, reason = None, ""
    if strategy != "extension":
        try:
            seen = look(found.path)
        except OSError as error:
            reason = error.strerror or str(error)
    text = await _paper(found.path, seen, named) if seen else ""
    decision = _decide(strategy, name, seen, named, text)
    asks = given["ask_model"] and strategy != "extension" and not decision.sure and not reason
    row = {
        "path": found.path,
        "mark": [found.device, found.inode, found.size, found.mtime_ns],
        "decision": list(decision),
        "disguised": seen.kind if seen and disguised(name, seen) else "",
        "question": _question(found, strategy, seen, text) if asks else None,
    }
    return Sorted(row, reason, seen.data if seen else b"")


def _decide(strategy: str, name: str, seen: Seen | None, named: tuple[Category, ...], text: str) -> Decision:
    if strategy == "extension":
        return by_name(name, named)
    if strategy == "hybrid":
        return by_both(name, seen, named, text)
    return by_content(seen, named, text) if seen else UNDECIDED


async def _paper(path: str, seen: Seen, named: tuple[Category, ...]) -> str:
    """The text of a document, where the preset knows categories by words; "" where it cannot be read."""
    if seen.kind not in PAPERS or not any(each.words for each in named):
        return ""
    try:
        return (await read_async(os.path.abspath(path))).text
    except DocumentError:  # its kind is known all the same
        return ""


def _question(found: Found, strategy: str, seen: Seen | None, text: str) -> dict[str, Any] | None:
    """Nothing to tell is nothing to ask: with strategy content the name is not told."""
    begins = ((seen.text if seen else "") or text).strip()
    if strategy == "content" and not begins:
        return None
    kind = seen.kind if seen and seen.kind else "not known"
    facts = [f"Kind: {kind}", f"Size: {found.size} bytes"]
    if strategy == "hybrid":
        facts.insert(0, f"Name: {shown(os.path.basename(found.path))}")
    return {"facts": facts, "text": begins[:4000]}
