"""Make a workflow's steps of what its file says; every fault is said with its line, all of them at once."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from llmx.errors import nearest
from llmx.templates.builtin.workflow_orchestrator import Kind, Mode, OnError, Step, Workflow
from llmx.templates.builtin.workflow_orchestrator.reading import Document, Where

ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
RESERVED = ("item", "round")
"""What a loop's steps refer to as its own."""

MODES = {"sequential": "sequential", "parallel": "parallel", "conditional": "sequential", "hybrid": "sequential"}
_LOOP = {"until": str, "times": int, "for_each": (str, list)}
_TOP = {
    "name": str,
    "description": str,
    "input": object,
    "mode": str,
    "steps": list,
    "max_steps": int,
    "timeout": (int, float),
    "step_timeout": (int, float),
    **_LOOP,
}
_EVERY = {
    "id": str,
    "name": str,
    "description": str,
    "when": str,
    "needs": list,
    "timeout": (int, float),
    "on_error": str,
}
_WORK: dict[str, tuple[Kind, dict[str, Any]]] = {
    "prompt": ("ask", {"prompt": str, "agent": str, "model": str, "system": str, "schema": dict, "max_tokens": int}),
    "command": ("command", {"command": (str, list), "cwd": str, "stdin": str, "json": bool}),
    "tool": ("tool", {"tool": str, "arguments": dict}),
    "template": ("template", {"template": str, "parameters": dict}),
    "steps": ("group", {"steps": list, "else": list}),
    "parallel": ("group", {"parallel": list}),
    "loop": ("loop", {"loop": list, **_LOOP}),
}
"""The key that makes a step what it is -> its kind, and all keys that belong to it with what they may be."""

_LISTS = ("steps", "parallel", "loop")
_TYPES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


class Overrides(NamedTuple):
    """What the template's parameters say over the file; None where they say nothing."""

    mode: str | None = None
    max_steps: int | None = None
    given: Any = None


class Building:
    """A walk over one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.faults: list[str] = []
        self._ids: set[str] = set()

    def workflow(self, overrides: Overrides) -> Workflow | None:
        """The workflow, None where it is so wrong that there is nothing to look at."""
        top = self._document.value
        if not isinstance(top, dict) or not isinstance(top.get("steps"), list) or not top["steps"]:
            self.fault((), "there must be `steps`, a list with at least one")
            return None
        self._check_keys(top, (), _TOP)
        mode = self._mode(top, overrides)
        loop = {key: top[key] for key in _LOOP if key in top}
        if loop and mode != "loop":
            self.fault((), f"{', '.join(loop)} belong to mode: loop", next(iter(loop)))
        steps = self._steps(top["steps"], ("steps",))
        kind: Kind = "loop" if mode == "loop" else "group"
        numbers = {key: float(top[key]) for key in ("timeout", "step_timeout") if self._is_time(top, key, ())}
        return Workflow(
            str(top.get("name") or "workflow"),
            Step("", kind, (), loop, mode=mode, steps=steps),
            _input(top.get("input"), overrides.given),
            max_steps=overrides.max_steps or self._most(top),
            description=str(top.get("description") or ""),
            **numbers,
        )

    def fault(self, where: Where, said: str, token: str = "") -> None:
        """Note what is wrong, and where."""
        self.faults.append(f"{self._document.place(where, token)}: {said}")

    def _mode(self, top: Mapping[str, Any], overrides: Overrides) -> Mode:
        word = overrides.mode or top.get("mode", "sequential")
        if word == "loop":
            return "loop"
        if str(word) not in MODES:
            near = nearest(str(word), (*MODES, "loop"))
            meant = f", did you mean {near}?" if near else f": it is one of {', '.join(MODES)}, loop"
            self.fault((), f"there is no mode {word!r}{meant}", "mode")
        return "parallel" if MODES.get(str(word)) == "parallel" else "sequential"

    def _most(self, top: Mapping[str, Any]) -> int:
        most = top.get("max_steps", 10)
        if not isinstance(most, int) or not 1 <= most <= 100:
            self.fault((), "max_steps is a whole number from 1 to 100", "max_steps")
            return 10
        return most

    def _steps(self, listed: Any, where: Where) -> tuple[Step, ...]:  # noqa: ANN401  # what the file holds
        if not isinstance(listed, list) or not listed:
            self.fault(where[:-1], f"{where[-1]} must be a list with at least one step", str(where[-1]))
            return ()
        made = [self._step(entry, (*where, number)) for number, entry in enumerate(listed)]
        return tuple(step for step in made if step)

    def _step(self, entry: Any, where: Where) -> Step | None:  # noqa: ANN401
        if not isinstance(entry, dict):
            self.fault(where, "a step is a table")
            return None
        entry = _modern(entry)
        works = [key for key in _WORK if key in entry]
        if len(works) != 1:
            near = next((near for key in entry if key not in _EVERY and (near := nearest(key, _WORK))), "")
            said = f"has {' and '.join(works)}" if works else "does nothing"
            needed = f"did you mean {near}?" if near and not works else f"it needs one of {', '.join(_WORK)}"
            self.fault(where, f"step {self._name(entry, where)} {said}: {needed}")
            return None
        kind, keys = _WORK[works[0]]
        self._check_keys(entry, where, {**_EVERY, **keys})
        name = self._id(entry, where)
        inside = {"group": "parallel" if works == ["parallel"] else "steps", "loop": "loop"}.get(kind)
        if "else" in entry and "when" not in entry:
            self.fault(where, f"step {name}: else needs a when", "else")
        return Step(
            name,
            kind,
            where,
            {key: entry[key] for key in keys if key in entry and key not in ("steps", "parallel", "loop", "else")},
            when=str(entry.get("when", "")),
            needs=tuple(str(each) for each in entry.get("needs") or ()) if isinstance(entry.get("needs"), list) else (),
            timeout=float(entry["timeout"]) if self._is_time(entry, "timeout", where) else None,
            on_error=self._on_error(entry, where),
            mode="parallel" if works == ["parallel"] else "sequential",
            steps=self._steps(entry[inside], (*where, inside)) if inside else (),
            otherwise=self._steps(entry["else"], (*where, "else")) if "else" in entry else (),
        )

    def _name(self, entry: Mapping[str, Any], where: Where) -> str:
        return str(entry.get("id") or entry.get("name") or _number(where))

    def _id(self, entry: Mapping[str, Any], where: Where) -> str:
        name = self._name(entry, where)
        if not ID.fullmatch(name) or name in RESERVED:
            self.fault(where, f"{name!r} is no id: letters, digits, - and _, and neither item nor round", name)
        if name in self._ids:
            self.fault(where, f"there are two steps called {name!r}", name)
        self._ids.add(name)
        return name

    def _on_error(self, entry: Mapping[str, Any], where: Where) -> OnError:
        word = entry.get("on_error", "stop")
        known = next((each for each in get_args(OnError) if each == word), None)
        if known is None:
            self.fault(where, "on_error is stop, continue or ignore", "on_error")
        return known or "stop"

    def _is_time(self, entry: Mapping[str, Any], key: str, where: Where) -> bool:
        value = entry.get(key)
        if value is None:
            return False
        fits: bool = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86400
        if not fits:
            self.fault(where, f"{key} is a number of seconds, more than 0 and at most 86400", key)
        return fits

    def _check_keys(self, entry: Mapping[str, Any], where: Where, known: Mapping[str, Any]) -> None:
        for key, value in entry.items():
            if key not in known:
                near = nearest(key, known)
                meant = f", did you mean {near}?" if near else f"; it can be {', '.join(known)}"
                self.fault(where, f"there is no key {key!r} here{meant}", key)
            elif known[key] is not object and not _is(value, known[key]) and key not in ("timeout", "step_timeout"):
                kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
                self.fault(where, f"{key} must be {' or '.join(_TYPES[kind] for kind in kinds)}", key)


def _number(where: Where) -> str:
    """What a step without a name is called: step-2, and within that step-2-1 and step-2-else-1."""
    return "-".join(
        ["step", *(str(int(each) + 1) if isinstance(each, int) else each for each in where if each not in _LISTS)]
    )


def _is(value: Any, kinds: Any) -> bool:  # noqa: ANN401
    fits: bool = kinds is bool if isinstance(value, bool) else isinstance(value, kinds)
    return fits


def _input(own: Any, given: Any) -> Any:  # noqa: ANN401
    """What ``$$`` stands for: the file's, with what was given over it."""
    return {**own, **given} if isinstance(own, dict) and isinstance(given, dict) else own if given is None else given


def _modern(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A step in the words of this format; those of the older one (``step_type``) mean the same."""
    if "step_type" not in entry:
        return dict(entry)
    told = {key: value for key, value in entry.items() if key != "step_type"}
    kind = entry["step_type"]
    details: Mapping[str, Any] = {}
    if isinstance(kind, dict) and len(kind) == 1:
        ((kind, details),) = kind.items()
    details = details if isinstance(details, dict) else {}
    if str(kind).lower() == "agent":
        told.setdefault("prompt", details.get("input") or entry.get("description") or entry.get("name") or "")
        if details.get("agent_id"):
            told.setdefault("agent", details["agent_id"])
    elif str(kind).lower() == "tool":
        told.setdefault("tool", details.get("tool_name") or entry.get("name") or "")
        told.setdefault("arguments", details.get("parameters") or {})
    else:
        told["step_type"] = kind
    return told


def argv_of(command: Any) -> list[str]:  # noqa: ANN401  # a text or a list
    """The words of a command; raises ``ValueError`` for a text whose quotes do not close."""
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
