"""What was done with each file, as a result, a table and findings."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from llmx.templates.builtin.file_classification.scanning import shown
from llmx.templates.builtin.file_classification.undoing import Undone
from llmx.templates.findings import Finding, fingerprint
from llmx.templates.phases import Context
from llmx.templates.reports.inert import inert

_SHOWN = 50
"""Files in the summary; the artifacts name all."""


def told_of_sorting(context: Context, rows: list[dict[str, Any]], undo_file: str) -> dict[str, Any]:
    """The result of classify; ``rows`` have path, category, by, status, destination and reason."""
    given = context.parameters
    sorted_ = [row for row in rows if row["category"]]
    result = {
        "operation": "classify",
        "dry_run": given["dry_run"],
        "action": given["action"],
        "categories": dict(sorted(Counter(row["category"] for row in sorted_).items())),
        "statuses": dict(sorted(Counter(row["status"] for row in rows).items())),
        "files": rows,
        "undo_file": shown(undo_file) or None,
    }
    findings = [
        *[_finding(row["path"], "not-done", "high", row["reason"]) for row in rows if row["status"] == "failed"],
        *[_disguise(row) for row in rows if row["disguised"]],
    ]
    context.findings = findings or None
    return _put(context, "classification", result, _summary(context, rows, undo_file))


def told_of_undoing(context: Context, told: Sequence[Undone], undo_file: str) -> dict[str, Any]:
    """The result of undo."""
    rows = [
        {"path": shown(each.step.source), "from": shown(each.step.target), "status": each.status, "reason": each.reason}
        for each in told
    ]
    counts = dict(sorted(Counter(row["status"] for row in rows).items()))
    dry_run = context.parameters["dry_run"]
    findings = [_finding(row["path"], "not-restored", "high", row["reason"]) for row in rows if row["status"] == "left"]
    context.findings = findings or None
    result = {"operation": "undo", "dry_run": dry_run, "statuses": counts, "files": rows, "undo_file": shown(undo_file)}
    said = ", ".join(f"{count} {status}" for status, count in counts.items()) or "nothing to do"
    lines = [f"{'Would be: ' if dry_run else ''}{said}", *_left(rows), *([_DRY] if dry_run else [])]
    return _put(context, "undo", result, "\n".join(lines))


_DRY = "Nothing was changed: dry_run=false does it."


def _put(context: Context, name: str, result: dict[str, Any], text: str) -> dict[str, Any]:
    result["text"] = text
    context.add(f"{name}.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n", "application/json")
    context.add(f"{name}.md", _table(result["files"]), "text/markdown")
    return result


def _summary(context: Context, rows: list[dict[str, Any]], undo_file: str) -> str:
    given = context.parameters
    lines = []
    for row in rows[:_SHOWN]:
        where = row["destination"] or row["category"] or "no category"
        why = row["reason"] or row["by"]
        lines.append(f"{row['path']} -> {where}" + (f" ({why})" if why else ""))
    if len(rows) > _SHOWN:
        lines.append(f"… and {len(rows) - _SHOWN} more; the artifacts name all of them")
    undecided = sum(row["status"] == "undecided" for row in rows)
    if undecided and not given["ask_model"] and given["classification_strategy"] != "extension":
        lines.append(f"Without a category: {undecided}; ask_model=true asks a model about them.")
    if given["action"] != "report" and given["dry_run"]:
        lines.append(_DRY)
    if undo_file:
        lines.append(f"To undo: --param operation=undo --param dry_run=false --param undo_file={shown(undo_file)}")
    return "\n".join(lines) or "There are no files."


def _left(rows: list[dict[str, Any]]) -> list[str]:
    return [f"left: {row['path']}: {row['reason']}" for row in rows if row["status"] == "left"]


_COLUMNS = ("path", "category", "by", "from", "destination", "status", "reason")


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "There are no files.\n"
    keys = [key for key in _COLUMNS if key in rows[0]]
    cells = [[inert(str(row[key] or "")) for key in keys] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in [keys, ["---"] * len(keys), *cells])


def _disguise(row: dict[str, Any]) -> Finding:
    message = f"it is a program ({row['disguised']}), and its name says something else"
    return _finding(row["path"], "disguised-program", "medium", message)


def _finding(path: str, rule: str, severity: str, message: str) -> Finding:
    return Finding(
        file=path,
        line=1,
        end_line=1,
        rule=rule,
        severity=severity,
        message=message,
        evidence="",
        suggestion="",
        fingerprint=fingerprint(path, rule, message),
        patch="",
    )
