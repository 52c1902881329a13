"""What became of a workflow, for people."""

from collections.abc import Mapping
from typing import Any

from llmx.templates.builtin.workflow_orchestrator import FIELDS, Workflow
from llmx.templates.builtin.workflow_orchestrator.references import as_text
from llmx.templates.reports.inert import inert

SHOWN = 4000
"""Characters of what one step gave; all of it stands in intermediate_results.json."""


def as_markdown(workflow: Workflow, result: Mapping[str, Any]) -> str:
    """A table of the steps, then what each gave, marked as what it is: text that somebody else wrote."""
    lines = [f"# {inert(workflow.name)}", ""]
    lines += [inert(workflow.description), ""] if workflow.description else []
    lines += [f"{result['steps_run']} steps were done, {len(result['failed'])} of them failed.", ""]
    lines += ["| step | kind | status |", "|---|---|---|"]
    for told in result["steps"]:
        lines.append(f"| {inert(told['id'])} | {told['kind']} | {told['status']} |")
    for told in result["steps"]:
        gave = told.get("gave") or {}
        text = as_text(gave.get(FIELDS[told["kind"]][0]))
        if not (text or told["error"]):
            continue
        lines += ["", f"## {inert(told['id'])}", ""]
        lines += [f"**{inert(told['error'])}**", ""] if told["error"] else []
        lines += [f"    {line}" for line in text[:SHOWN].split("\n")] if text else []
        lines += ["", f"({len(text) - SHOWN} more characters)"] if len(text) > SHOWN else []
    return "\n".join(lines) + "\n"
