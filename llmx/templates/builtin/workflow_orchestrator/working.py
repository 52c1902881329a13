"""The work of a single step: ask a model, run a command, call a tool, run a template."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from llmx.agents.files import FileRegistry
from llmx.agents.resolve import llm_config, over, resolve
from llmx.core.backends.errors import BackendTimeoutError
from llmx.core.mcp.calling import session
from llmx.errors import LlmxError, PolicyError
from llmx.exec.child import run_command
from llmx.templates.builtin.workflow_orchestrator import Kind, Step
from llmx.templates.builtin.workflow_orchestrator.building import argv_of
from llmx.templates.builtin.workflow_orchestrator.checking import servers
from llmx.templates.builtin.workflow_orchestrator.references import (
    GIVEN,
    Reference,
    Scope,
    as_text,
    filled,
    filled_text,
)
from llmx.templates.engine import perform_template
from llmx.templates.phases import Context, PhaseError

LONGEST = "1M"
"""How much a command may print to each stream for its step to be of use."""

TOLD = 2000
ANSWER_TOKENS = 2000


class StepFailedError(PhaseError):
    """The work of a step was done, and reports a failure."""


@dataclass
class Given:
    """What a step gave: its fields, and what it leaves beside them."""

    fields: dict[str, Any]
    artifacts: list[list[str]] = field(default_factory=list)
    findings: list[Any] | None = None
    coverage: list[dict[str, Any]] = field(default_factory=list)
    problem: LlmxError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a file; one that failed is never kept."""
        return {name: value for name, value in vars(self).items() if name != "problem"}


async def ask(step: Step, scope: Scope, context: Context, _: float) -> Given:
    """The answer of a model, of an agent's where one is named; what other steps gave is data in the prompt."""

    def fill(text: str) -> str:
        return filled_text(text, scope, lambda reference, shown: fenced(context, reference, shown))

    schema = step.work.get("schema")
    asking, prompt, system = question(step, context, fill)
    answer = await asking.ask(prompt, system, schema=schema, max_tokens=room_of(step))
    if "agent" in step.work:
        context.metrics.agents_invoked += 1
    text = answer if schema is None else json.dumps(answer, ensure_ascii=False)
    return Given({"text": text, "value": None if schema is None else answer})


def question(step: Step, context: Context, fill: Callable[[str], str]) -> tuple[Context, str, str]:
    """Who is asked, the prompt and the system prompt; ``fill`` puts in what the step refers to."""
    config, agent_system = config_of(step, context)
    asking = context if config is None else replace(context, client=context.client and context.client.asking(config))
    own = fill(str(step.work.get("system", agent_system)))
    prompt = fill(str(step.work["prompt"]))
    return asking, prompt, context.renderer.file("system.j2", {**context.values, "own": own})


def room_of(step: Step) -> int:
    """How many tokens the answer of a step may have."""
    return int(step.work.get("max_tokens", ANSWER_TOKENS))


def fenced(context: Context, reference: Reference, text: str) -> str:
    """What a reference leads to, as data in a prompt."""
    name = "input" if reference.name == GIVEN else reference.name
    return context.renderer.fenced(text, ".".join((name, *reference.keys)))


def config_of(step: Step, context: Context) -> tuple[Any, str]:
    """How the step's own model or agent is asked, None for the workflow's; and the agent's system prompt."""
    given = context.client.given if context.client else None
    if given is None:
        return None, ""
    if "agent" in step.work:
        found = resolve(FileRegistry(), str(step.work["agent"]))
        config = over(given, llm_config(found))
        if "model" in step.work:
            config = replace(config, backend=None, model=str(step.work["model"]))
        return config, str(found.values["system"] or "")
    if "model" in step.work:
        return replace(given, backend=None, model=str(step.work["model"])), ""
    return None, ""


async def command(step: Step, scope: Scope, context: Context, seconds: float) -> Given:
    """What a command prints, run by llm-exec: sandboxed, without a shell, as the user's settings say."""
    argv = _filled_argv(step, scope)
    stdin = step.work.get("stdin")
    data = None if stdin is None else as_text(filled(stdin, scope)).encode()
    options = ["--timeout", f"{seconds:g}", "--capture", LONGEST]
    context.metrics.tools_invoked += 1
    result = await run_command(argv, options, cwd=step.work.get("cwd"), stdin=data)
    problem = _problem(result, seconds)
    fields: dict[str, Any] = {name: _stream(result, name) for name in ("stdout", "stderr")}
    fields |= {"exit_code": result["exit_code"], "value": None}
    if problem is None and step.work.get("json"):
        try:
            fields["value"] = json.loads(fields["stdout"])
        except ValueError as error:
            problem = StepFailedError(f"what it printed is no JSON: {error}")
    return Given(fields, problem=problem)


def _filled_argv(step: Step, scope: Scope) -> list[str]:
    """The words of the command. What a step gave stays one word, and is never taken for an option."""
    argv: list[str] = []
    for word in argv_of(step.work["command"]):
        text = as_text(filled(word, scope))
        if "\0" in text:
            raise PhaseError(f"{word} has a character that no argument can have")
        if text.startswith("-") and not word.startswith("-") and "--" not in argv:
            hint = f"write -- before {word} where the program takes that"
            raise PolicyError(f"{word} begins with -, and would be taken for an option", hint=hint)
        argv.append(text)
    return argv


def _problem(result: Mapping[str, Any], seconds: float) -> LlmxError | None:
    """Why the step has failed, None where it has not."""
    status, said = result["status"], (result.get("stderr_tail") or result["stderr"] or "").strip()[-TOLD:]
    why = (result["setup_error"] or {}).get("message", "")
    if status == "ok":
        cut = next((name for name in ("stdout", "stderr") if result.get(f"{name}_truncated")), "")
        odd = next((name for name in ("stdout", "stderr") if result.get(f"{name}_encoding")), "")
        if cut:
            return StepFailedError(f"it prints more than {LONGEST} to {cut}", hint="let it write a file")
        return StepFailedError(f"its {odd} is no text", hint="let it write a file") if odd else None
    if status == "denied":
        return PolicyError(why)
    if status in ("timeout", "stalled"):
        return BackendTimeoutError(f"it was not done within {seconds:g} s")
    if status == "error":
        return PhaseError(f"it could not be run: {why}")
    ended = f"exit code {result['exit_code']}" if status == "failed" else f"ended by {result['limit'] or status}"
    return StepFailedError(f"{ended}: {said}" if said else ended)


def _stream(result: Mapping[str, Any], name: str) -> str:
    return "" if result.get(f"{name}_encoding") else str(result.get(name) or "")


async def tool(step: Step, scope: Scope, context: Context, _: float) -> Given:
    """What a tool of an MCP server gives; its value where that is JSON."""
    server, name = str(step.work["tool"]).split("/", 1)
    arguments = filled(step.work.get("arguments", {}), scope)
    context.metrics.tools_invoked += 1
    async with session(servers()[server]) as opened:
        text = await opened.call(name, arguments)
    return Given({"text": text, "value": _json(text)})


def _json(text: str) -> Any:  # noqa: ANN401  # JSON
    """The object or list that a text is; None for any other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


async def template(step: Step, scope: Scope, context: Context, _: float) -> Given:
    """The result of a template; its artifacts, findings and coverage become the workflow's."""
    inner = replace(context, artifacts=[], findings=None, coverage=[])
    parameters = filled(step.work.get("parameters", {}), scope)
    value = await perform_template(str(step.work["template"]), parameters, inner)
    made = [
        [each.name.partition("/")[2], base64.b64encode(each.data).decode(), each.media_type] for each in inner.artifacts
    ]
    return Given({"result": value}, made, inner.findings, inner.coverage)


WORKS: Mapping[Kind, Callable[[Step, Scope, Context, float], Awaitable[Given]]] = {
    "ask": ask,
    "command": command,
    "tool": tool,
    "template": template,
}
