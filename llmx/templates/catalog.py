"""What templates there are: the same rows and facts for the command line and for programs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmx.core.plugins import load
from llmx.templates import Template
from llmx.templates.sources import BUILT_IN, FILE, Folder, find, folders, packaged

Row = dict[str, Any]
Rows = list[Row]


def rows(category: str = "") -> tuple[Rows, list[str]]:
    """A row for each template, the built-in ones first, of which no file is read; and what is to be said of others."""
    notices: list[str] = []
    own: dict[str, Row] = {}
    for row in _own(notices):
        own[row["id"]] = {**row, "overrides": _overridden(row["id"], own)}
    found: Rows = [
        {"id": name, "category": kind, "description": description, "source": "built-in", "overrides": []}
        for name, (kind, description) in BUILT_IN.items()
        if name not in own
    ]
    found += own.values()
    return [row for row in found if category.lower() in ("", row["category"].lower())], notices


def search(words: str, category: str = "") -> tuple[Rows, list[str]]:
    """The rows of templates in whose id, category, description or tags all of ``words`` occur."""
    wanted = words.lower().split()
    listed, notices = rows(category)
    return [row for row in listed if all(word in _text(row) for word in wanted)], notices


def facts(template: Template) -> dict[str, Any]:
    """All of a template, for programs."""
    return {
        "id": template.id,
        "version": template.version,
        "category": template.category,
        "description": template.description,
        "tags": list(template.tags),
        "requires": list(template.requires),
        "source": template.source,
        "digest": template.digest,
        "phases": [phase.id for phase in template.phases],
        "parameters": template.schema,
    }


def _overridden(name: str, known: Mapping[str, Row]) -> list[str]:
    """The sources of the templates of that name that one takes the place of, the nearest one last."""
    if name in known:
        return [*known[name]["overrides"], known[name]["source"]]
    return ["built-in"] if name in BUILT_IN else []


def _text(row: Row) -> str:
    tags = " ".join(find(row["id"]).tags)
    return f"{row['id']} {row['category']} {row['description']} {tags}".lower()


def _own(notices: list[str]) -> Iterator[Row]:
    """Those of installed packages, of the project and of the user; what comes later takes the place of what is before.

    Of their files only the heads are read: what is wrong further down is said when one is to run.
    """
    for name, path, package in packaged():
        yield from _row(name, path, f"package {package}", notices)
    for folder in reversed(folders()):
        if _may_run(folder, notices):
            yield from _row(folder.path.name, folder.path, folder.source, notices)


def _may_run(folder: Folder, notices: list[str]) -> bool:
    counts = folder.counts
    if not counts:
        refusal = folder.refusal
        notices.append(f"{refusal.message}; {refusal.hint}")
    return counts


def _row(name: str, folder: Path, source: str, notices: list[str]) -> Iterator[Row]:
    try:
        head = load("tomllib:loads")((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        notices.append(f"{folder / FILE} cannot be read: {error}")
        return
    if name in BUILT_IN and head.get("override") is not True:
        whose = f" (of {source})" if source.startswith("package ") else ""
        notices.append(f"{folder}{whose} is called like a built-in template, and does not say override = true")
        return
    yield {
        "id": name,
        "category": str(head.get("category", "")),
        "description": str(head.get("description", "")),
        "source": source,
    }
