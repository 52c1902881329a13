"""Check the whole workflow, then perform it; what was done is told also where it ended early."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.errors import InconclusiveError, UsageError
from llmx.templates.builtin.workflow_orchestrator import FIELDS, Step, Workflow, within
from llmx.templates.builtin.workflow_orchestrator.building import Building, Overrides
from llmx.templates.builtin.workflow_orchestrator.checking import Checking
from llmx.templates.builtin.workflow_orchestrator.performing import Performance
from llmx.templates.builtin.workflow_orchestrator.reading import Document, read_document
from llmx.templates.builtin.workflow_orchestrator.report import as_markdown
from llmx.templates.builtin.workflow_orchestrator.working import WORKS
from llmx.templates.phases import Context


def checked_workflow(document: Document, overrides: Overrides = Overrides()) -> Workflow:  # noqa: B008  # immutable
    """The workflow that a document means; raises ``UsageError`` with every fault and its line."""
    building = Building(document)
    workflow = building.workflow(overrides)
    if workflow:
        Checking(workflow, lambda step, said, token: building.fault(step.where, _of(step, said), token)).look()
    if workflow is None or building.faults:
        hint = "llmx help workflow-orchestrator has the form"
        raise UsageError("\n".join(dict.fromkeys(building.faults)), hint=hint)
    return workflow


def parse(context: Context) -> dict[str, Any]:
    """What is going to run; nothing has run yet."""
    workflow = asked_for(context)
    return {"name": workflow.name, "steps": [step.id for step in within(workflow.root) if step.id]}


async def execute(context: Context) -> dict[str, Any]:
    """What became of every step; raises what ended the workflow, after telling what was done until then."""
    collects = bool(context.parameters["collect_intermediate"])
    workflow = asked_for(context)
    performance = Performance(workflow, context)
    await performance.run()
    if not performance.problem and not any(_did_work(told) for told in performance.told.values()):
        hint = "its report says why each was skipped or failed"
        performance.problem = InconclusiveError("no step of the workflow was done", hint=hint)
    if not performance.problem and performance.undone:
        said = "; ".join(f"step {key}: {why}" for key, why in performance.undone.items())
        hint = "on_error: ignore says of a step that the result stands without it"
        performance.problem = InconclusiveError(f"not all of the workflow was done: {said}", hint=hint)
    result = _result(workflow, performance, _steps(workflow, performance, collects=collects))
    context.add("workflow_report.md", as_markdown(workflow, result), "text/markdown")
    if collects:
        told = json.dumps(result["steps"], indent=1, ensure_ascii=False)
        context.add("intermediate_results.json", told + "\n", "application/json")
    if performance.problem:
        context.results["execute"] = result  # the result of a run that ended early, too
        raise performance.problem
    return result


def _did_work(told: Mapping[str, Any]) -> bool:
    """Whether it is a step that is done, and no group of others."""
    return bool(told["status"] == "done" and told["kind"] in WORKS)


def asked_for(context: Context) -> Workflow:
    """The workflow that is to run, checked."""
    given = context.parameters
    file, config = given["workflow_file"], given["workflow_config"]
    if bool(file) == bool(config):
        said = "both are given" if file else "neither is given"
        raise UsageError(f"workflow_file or workflow_config: {said}", hint="llmx workflow run FILE")
    document = read_document(file) if file else Document("workflow_config", config)
    if file:
        context.took(file, document.text)
    return checked_workflow(document, Overrides(given["execution_mode"], given["max_steps"], given["input"] or None))


def _steps(workflow: Workflow, performance: Performance, *, collects: bool) -> list[dict[str, Any]]:
    """The steps in the order in which they began, then those that did not."""
    ids = {each.rpartition(".")[2] for each in performance.told}
    rest = [step for step in within(workflow.root) if step.id and step.id not in ids]
    not_run = [{"id": each.id, "kind": each.kind, "status": "not run", "error": None} for each in rest]
    steps = [*performance.told.values(), *not_run]
    return [{**told, "gave": performance.gave.get(told["id"])} for told in steps] if collects else steps


def _result(workflow: Workflow, performance: Performance, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """``output`` is what the last step that was done gave."""
    gave = [(told["kind"], performance.gave.get(told["id"])) for told in steps if told["status"] == "done"]
    last = next(((kind, fields) for kind, fields in reversed(gave) if fields), None)
    return {
        "name": workflow.name,
        "mode": workflow.root.mode,
        "steps_run": performance.steps_run,
        "failed": [told["id"] for told in steps if told["status"] == "failed"],
        "steps": steps,
        "output": last[1].get(FIELDS[last[0]][0]) if last and last[1] else None,
    }


def _of(step: Step, said: str) -> str:
    return f"step {step.id}: {said}" if step.id else said
