"""Look through a workflow before anything of it runs: references, order, and that all it names is there."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as WrongSchemaError

from llmx.agents.files import FileRegistry
from llmx.agents.resolve import usable
from llmx.core.refs import parse
from llmx.core.source import project_source, user_source
from llmx.core.source.servers import Server
from llmx.errors import LlmxError, nearest
from llmx.templates.builtin.workflow_orchestrator import FIELDS, STATUS_FIELDS, Kind, Step, Workflow, within
from llmx.templates.builtin.workflow_orchestrator.building import argv_of
from llmx.templates.builtin.workflow_orchestrator.references import GIVEN, Reference, references_in, wrong_with
from llmx.templates.parameters import checked
from llmx.templates.sources import find

OWN = "workflow-orchestrator"
Visible = Mapping[str, Step]
Faults = Callable[[Step, str, str], None]
"""Takes note of a step, what is wrong with it, and the word in it that is."""


class Checking:
    """One look through one workflow; ``fault`` is told what is wrong, ``token`` where in the step."""

    def __init__(self, workflow: Workflow, fault: Faults) -> None:
        self._workflow = workflow
        self._fault = fault
        self._every = {step.id: step for step in within(workflow.root)}
        self._works: dict[Kind, Callable[[Step], None]] = {
            "ask": self._ask,
            "command": self._command,
            "tool": self._tool,
            "template": self._template,
        }

    def look(self) -> None:
        """All of it."""
        workflow = self._workflow
        self._inside(workflow.root, {}, ())
        always = _always(workflow.root)
        if always > workflow.max_steps:
            said = f"it has {always} steps, and max_steps is {workflow.max_steps}"
            self._fault(workflow.root, said, "max_steps")

    def _inside(self, step: Step, visible: Visible, own: tuple[str, ...]) -> None:
        """The steps of a group or a loop; ``own`` are the names that loops around it bring."""
        if step.kind == "loop":
            own = (*own, "round", *(["item"] if "for_each" in step.work else []))
            self._loop(step, visible, own)
        for listed in (step.steps, step.otherwise):
            if step.mode == "parallel":
                self._side_by_side(listed, visible, own)
            else:
                self._in_turn(listed, visible, own)

    def _in_turn(self, steps: tuple[Step, ...], visible: Visible, own: tuple[str, ...]) -> None:
        seen = dict(visible)
        for step in steps:
            self._step(step, seen, own)
            seen |= {each.id: each for each in within(step)}

    def _side_by_side(self, steps: tuple[Step, ...], visible: Visible, own: tuple[str, ...]) -> None:
        """Steps of which each may need any other, but none itself, not even by way of others."""
        for step in steps:
            others = {each.id: each for other in steps if other is not step for each in within(other)}
            self._step(step, {**visible, **others}, own)
        if circle := _circle(needs_of(steps)):
            names = " -> ".join(circle)
            self._fault(self._every[circle[0]], f"a cycle: {names}", circle[1])

    def _step(self, step: Step, visible: Visible, own: tuple[str, ...]) -> None:
        if step.when:
            self._condition(step, step.when, visible, own)
        for reference in references_in(dict(step.work) if step.is_leaf else {}):
            self._reference(step, reference, visible, own)
        for need in step.needs:
            if need not in visible:
                self._fault(step, self._not_there(need, visible), need)
        if step.is_leaf:
            self._works[step.kind](step)
        else:
            self._inside(step, visible, own)

    def _reference(self, step: Step, reference: Reference, visible: Visible, own: tuple[str, ...]) -> None:
        name, token = reference.name, str(reference)
        if name in (GIVEN, *own):
            return
        if name not in visible:
            dollar = r"; a plain dollar is \$" if step.kind == "command" and name not in self._every else ""
            said = self._not_there(name, {**visible, **dict.fromkeys(own, step)})
            self._fault(step, f"{reference}: {said}{dollar}", token)
            return
        known = (*FIELDS[visible[name].kind], *STATUS_FIELDS)
        if reference.keys and reference.keys[0] not in known:
            near = nearest(reference.keys[0], known)
            meant = f", did you mean {near}?" if near else f": it has {', '.join(known)}"
            self._fault(step, f"{reference}: {name} has no field {reference.keys[0]!r}{meant}", token)

    def _not_there(self, name: str, visible: Mapping[str, object]) -> str:
        if name in self._every:
            return f"step {name} is not done before this one"
        near = nearest(name, visible)
        return f"there is no step {name!r} before this one" + (f", did you mean {near}?" if near else "")

    def _condition(self, step: Step, text: str, visible: Visible, own: tuple[str, ...]) -> None:
        if wrong := wrong_with(text):
            self._fault(step, f"{text!r}: {wrong}", text)
        for reference in references_in(text):
            self._reference(step, reference, visible, own)

    def _loop(self, step: Step, visible: Visible, own: tuple[str, ...]) -> None:
        work = step.work
        times = work.get("times", 1)
        if isinstance(times, int) and not 1 <= times <= 1000:
            self._fault(step, "times is a whole number from 1 to 1000", "times")
        if "until" in work:
            inner = {each.id: each for each in within(step) if each is not step}
            self._condition(step, str(work["until"]), {**visible, **inner}, own)
        listed = work.get("for_each")
        for reference in references_in(listed):
            self._reference(step, reference, visible, ())
        if isinstance(listed, str) and [str(each) for each in references_in(listed)] != [
            listed.replace("{", "").replace("}", "")
        ]:
            self._fault(step, f"for_each is a list, or one reference to one, and not {listed!r}", "for_each")

    def _ask(self, step: Step) -> None:
        work = step.work
        self._plain(step, "agent", "model", "schema")
        if not str(work.get("prompt", "")).strip():
            self._fault(step, "the prompt is empty", "prompt")
        if "agent" in work:
            self._tried(step, "agent", lambda: usable(FileRegistry(), str(work["agent"])))
        if "model" in work:
            self._tried(step, "model", lambda: parse(str(work["model"])))
        if "schema" in work:
            try:
                Draft202012Validator.check_schema(work["schema"])
            except WrongSchemaError as error:
                self._fault(step, f"the schema is none: {error.message}", "schema")

    def _command(self, step: Step) -> None:
        self._plain(step, "cwd")
        if not isinstance(step.work["command"], str | list):  # that much is said already
            return
        try:
            argv = argv_of(step.work["command"])
        except ValueError as error:
            self._fault(step, f"the command: {error}", "command")
            return
        if not argv or not argv[0]:
            self._fault(step, "the command is empty", "command")
        elif list(references_in(argv[0])):
            self._fault(step, f"which program runs is written here, and not taken from {argv[0]}", argv[0])
        folder = str(step.work.get("cwd", "."))
        if not os.path.isdir(folder):
            self._fault(step, f"cwd: there is no folder {folder}", "cwd")

    def _tool(self, step: Step) -> None:
        self._plain(step, "tool")
        server, slash, tool = str(step.work["tool"]).partition("/")
        if not (server and slash and tool):
            self._fault(step, f"a tool is SERVER/TOOL, and not {step.work['tool']!r}", "tool")
            return
        known = servers()
        if server not in known:
            near = nearest(server, known)
            meant = f", did you mean {near}?" if near else "; llmx mcp list shows those that there are"
            self._fault(step, f"there is no MCP server {server!r}{meant}", "tool")
        elif not known[server].enabled:
            self._fault(step, f"the MCP server {server} is not in use: llmx mcp enable {server}", "tool")

    def _template(self, step: Step) -> None:
        self._plain(step, "template")
        name = str(step.work["template"])
        if name == OWN:
            self._fault(step, "a workflow within a workflow is a group: write its steps here", "template")
            return
        given = step.work.get("parameters", {})
        if not isinstance(given, dict):  # that much is said already
            return
        referring = {key: value for key, value in given.items() if list(references_in(value))}
        try:
            template = find(name)
            if not referring:
                checked(template, given)
                return
        except LlmxError as error:
            self._fault(step, error.message + (f" ({error.hint})" if error.hint else ""), "template")
            return
        names = {key: each.name for each in template.parameters for key in (each.name, *each.aliases)}
        for key in given:
            if key not in names:
                near = nearest(key, names)
                self._fault(step, f"{name} has no parameter {key!r}" + (f", did you mean {near}?" if near else ""), key)
        for each in template.parameters:
            if each.is_required and each.name not in {names.get(key) for key in given}:
                self._fault(step, f"{name}: {each.name} is required", "template")

    def _plain(self, step: Step, *keys: str) -> None:
        """These say what is done and by whom: they are written, never taken from what a step gave."""
        for key in keys:
            if found := list(references_in(step.work.get(key))):
                self._fault(step, f"{key} is written here, and not taken from {found[0]}", key)

    def _tried(self, step: Step, key: str, look: Callable[[], Any]) -> None:
        try:
            look()
        except LlmxError as error:
            self._fault(step, error.message + (f" ({error.hint})" if error.hint else ""), key)


def servers() -> dict[str, Server]:
    """The MCP servers by name: the user's, and those of a project that the user trusts."""
    project = project_source(os.environ, os.getcwd(), [])
    return {**user_source(os.environ).servers, **(project.servers if project else {})}


def needs_of(steps: Sequence[Step]) -> dict[str, set[str]]:
    """Of steps side by side: which of the others each needs, by ``needs`` or by what it refers to."""
    owner = {each.id: step.id for step in steps for each in within(step)}
    found: dict[str, set[str]] = {}
    for step in steps:
        names = {name for each in within(step) for name in _names(each)}
        found[step.id] = {owner[name] for name in names if name in owner and owner[name] != step.id}
    return found


def _names(step: Step) -> set[str]:
    """The steps that one refers to, in any way."""
    texts = [dict(step.work), step.when]
    return {reference.name for reference in references_in(texts)} | set(step.needs)


def _circle(needs: Mapping[str, set[str]]) -> list[str]:
    """The first circle among them, from its beginning to its beginning; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for need in sorted(needs[name]):
            if circle := walk(need, [*path, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in needs if (circle := walk(name, []))), [])


def _always(step: Step) -> int:
    """How many steps do work whatever happens; of a loop, in its first round."""
    if step.when:
        return 0
    return 1 if step.is_leaf else sum(map(_always, step.steps))
