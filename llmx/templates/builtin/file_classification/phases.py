"""Look at files, decide what they are, and bring them to their folders, or take that back."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from llmx.errors import UsageError
from llmx.templates.builtin.file_classification import journal as journals
from llmx.templates.builtin.file_classification.asking import ask_about, taken
from llmx.templates.builtin.file_classification.deciding import Decision
from llmx.templates.builtin.file_classification.journal import Journal, Mark, Step
from llmx.templates.builtin.file_classification.moving import carry, go_on, mark_of
from llmx.templates.builtin.file_classification.presets import categories
from llmx.templates.builtin.file_classification.reporting import told_of_sorting, told_of_undoing
from llmx.templates.builtin.file_classification.scanning import Found, scan, shown
from llmx.templates.builtin.file_classification.sorting import Sorted, sort_file
from llmx.templates.builtin.file_classification.targets import Targets
from llmx.templates.builtin.file_classification.undoing import undo
from llmx.templates.phases import Context

AT_ONCE = 4
"""Files that are looked at side by side: the text of a document is read out by a process of its own."""

DONE = {"move": "moved", "copy": "copied"}


class _Plan(NamedTuple):
    """A file's row of the result, and the absolute path that it goes to, "" for nowhere."""

    row: dict[str, Any]
    path: str
    mark: Mark
    target: str


def check(context: Context) -> None:
    """Raise ``UsageError`` where a parameter is missing, or two do not go together."""
    given = context.parameters
    for name in ("source_path", "destination_base", "undo_file"):
        if "\0" in given[name]:
            raise UsageError(f"{name} holds a zero byte")
    if given["operation"] == "undo":
        if not given["undo_file"]:
            hint = "--param undo_file=FILE, or undo_file=last for the newest"
            raise UsageError("operation=undo needs undo_file", hint=hint)
        return
    if not given["source_path"]:
        raise UsageError("operation=classify needs source_path", hint="--param source_path=FOLDER")
    if given["ask_model"] and given["classification_strategy"] == "extension":
        raise UsageError("ask_model=true needs classification_strategy=content or hybrid")
    if given["undo_file"] and os.path.lexists(given["undo_file"]):
        raise UsageError(f"undo_file {given['undo_file']} is there already", hint="name a new one")


async def sort(context: Context) -> dict[str, Any]:
    """A row for each file that has been found, and the questions that rules leave open."""
    given = context.parameters
    own = tuple(_folders(context)) if given["action"] != "report" else ()
    gate = asyncio.Semaphore(AT_ONCE)

    async def sort_one(found: Found) -> Sorted:
        async with gate:
            return await sort_file(given, found)

    everything = scan(given["source_path"], own, recursive=given["recursive"])
    told = iter(await asyncio.gather(*[sort_one(found) for found in everything if not found.reason]))
    rows = []
    for found in everything:
        name, reason = shown(found.path), found.reason
        if not reason:
            row, reason, data = next(told)
            context.took(name, data)
            rows.append(row)
        context.coverage.append({"path": name, "read": not reason, "reason": reason})
    questions = [{"row": number, **row.pop("question")} for number, row in enumerate(rows) if row["question"]]
    return {"rows": rows, "questions": questions}


async def ask(context: Context, item: dict[str, Any], number: int) -> dict[str, Any]:
    """What the model says of one file."""
    return await ask_about(context, item, number)


async def act(context: Context) -> dict[str, Any]:
    """What was done, or would be; each step stands in the undo file before it is done."""
    given = context.parameters
    if given["operation"] == "undo":
        return _undo(context)
    rows = _decided(context)
    plans = list(_planned(context, rows))
    told = [plan.row for plan in plans]
    if given["dry_run"] or not any(plan.target for plan in plans):
        return told_of_sorting(context, told, "")

    async def name() -> str:
        return os.path.abspath(given["undo_file"]) if given["undo_file"] else journals.new_path()

    undo_file = await context.once("undo-file", name)
    with closing(Journal(undo_file)) as journal:
        begun = {step.source: step for step in journal.log.steps}
        for plan in plans:
            if plan.target:
                _carry(context, journal, plan, begun)
                await asyncio.sleep(0)  # here it can be ended
    return told_of_sorting(context, told, undo_file)


def _undo(context: Context) -> dict[str, Any]:
    dry_run = context.parameters["dry_run"]
    with closing(Journal(journals.find(context.parameters["undo_file"]))) as journal:
        told = undo(journal.log, dry_run=dry_run)
        if not dry_run and all(each.status != "left" for each in told):
            journal.undone()
        return told_of_undoing(context, told, journal.path)


def _carry(context: Context, journal: Journal, plan: _Plan, begun: dict[str, Step]) -> None:
    """Do it, or finish what a run before this one has begun."""
    row, source, do = plan.row, os.path.abspath(plan.path), context.parameters["action"]
    row["status"] = DONE[do]
    try:
        there = go_on(begun[source]) if source in begun else ""
        there = there or carry(journal, do, source, plan.target, plan.mark)
        row["destination"] = shown(os.path.join(_base(context), row["category"], os.path.basename(there)))
    except OSError as error:
        row.update(status="failed", reason=error.strerror or str(error), destination=None)


def _decided(context: Context) -> list[dict[str, Any]]:
    """The rows, with what the model has decided; a file about which it has made up a category was not judged."""
    sorted_ = context.results["sort"]
    rows = [{**row, "decision": Decision(*row["decision"])} for row in sorted_["rows"]]
    for question, answer in zip(sorted_["questions"], context.results["ask"] or (), strict=True):
        row, decision = rows[question["row"]], taken(context, answer)
        if decision is None:
            reason = "the model's answer is no category"
            context.coverage.append({"path": shown(row["path"]), "read": False, "reason": reason})
        elif decision.category:
            row["decision"] = decision
    return rows


def _planned(context: Context, rows: list[dict[str, Any]]) -> Iterator[_Plan]:
    """What is to become of each file."""
    targets = Targets()
    given, base = context.parameters, _base(context)
    is_report = given["action"] == "report"
    for kept in rows:
        category, by, _ = kept["decision"]
        row = {"path": shown(kept["path"]), "category": category, "by": by, "destination": None}
        row |= {"status": "report" if is_report else "planned", "reason": "", "disguised": kept["disguised"]}
        folder, name = os.path.split(os.path.abspath(kept["path"]))
        home = os.path.join(os.path.realpath(base), category)
        target = ""
        if not category:
            row["status"] = "undecided"
        elif not is_report and _is_there(given["action"], kept, folder, home):
            row["status"] = "in place"
        elif not is_report:
            target = targets.free(home, name)
            row["destination"] = shown(os.path.join(base, category, os.path.basename(target)))
        yield _Plan(row, kept["path"], Mark(*kept["mark"]), target)


def _is_there(action: str, kept: dict[str, Any], folder: str, home: str) -> bool:
    """Whether the file is where it belongs, or its copy is, by size and time: who copies again gets nothing twice."""
    if os.path.realpath(folder) == home:
        return True
    there = mark_of(os.path.join(home, os.path.basename(kept["path"]))) if action == "copy" else None
    return there is not None and there.look == Mark(*kept["mark"]).look


def _base(context: Context) -> str:
    """Where the folders of the categories are."""
    given = context.parameters
    source: str = given["source_path"]
    return given["destination_base"] or (source if os.path.isdir(source) else os.path.dirname(source) or ".")


def _folders(context: Context) -> list[str]:
    """Folders that files are sorted into: what is in them is sorted already."""
    base = _base(context)
    if os.path.realpath(base) != os.path.realpath(context.parameters["source_path"]):
        return [os.path.realpath(base)]
    return [
        os.path.abspath(os.path.join(base, each.name)) for each in categories(context.parameters["category_preset"])
    ]
