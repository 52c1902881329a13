"""``--explain``: what would hold for a command, from the very parts that would hold it; nothing is run."""

from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.redact import mask_argv
from llmx.core.sandbox.inherited import outer
from llmx.core.settings.sources import shown
from llmx.errors import ExecError, LlmxError, PolicyError
from llmx.exec.confinement import Confinement
from llmx.exec.request import LIMITS, ExecRequest
from llmx.exec.run import find_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.sandbox import Plan


def explain(request: ExecRequest) -> dict[str, object]:
    """The decision on ``request`` and what it would run under; ``error`` says why it would not run at all."""
    facts: dict[str, object] = {
        "argv": mask_argv(request.argv, request.all_env),
        "cwd": request.cwd,
        "decision": "allow",
        "rule": None,
        "loosened": request.loosened,
        "limits": {name: getattr(request, name) for name in LIMITS if getattr(request, name)},
        "sandbox": {"level": "none"},
    }
    try:
        facts |= _decision(request)
        if request.deps:
            facts["deps"], is_known = load("llmx.exec.deps.explaining:explain")(request)
            if not is_known:
                return facts | {"program": None}
        program = find_command(request)
        facts["program"] = program
        if request.sandbox:
            facts["sandbox"] = _sandbox(
                Confinement(request, request.sandbox, outer(), own_terminal=False), program, request
            )
    except (ExecError, PolicyError) as error:
        facts["error"] = {"message": error.message, "hint": error.hint}
    return facts


def _decision(request: ExecRequest) -> dict[str, object]:
    if not any(request.rules):
        return {}
    decision = load("llmx.exec.rules:decision")(request)
    return {"decision": decision.verdict, "rule": decision.rule or None}


def _sandbox(confinement: Confinement, program: str, request: ExecRequest) -> dict[str, object]:
    plan = confinement.plan
    try:
        confinement.enclose(program, request.argv)
    finally:
        confinement.close()
    return confinement.fields() | {
        "writable": plan.writable,
        "protected": plan.protected,
        "hidden": plan.hidden,
        "shown": plan.readable,
        "devices": plan.devices,
        "environment": sorted(plan.env),
        "reach": _reach(plan),
        **_bounds(plan),
    }


def _reach(plan: "Plan") -> dict[str, object]:
    """What leads out of its network, and in."""
    reach = plan.reach
    published = [f"{port}:{outside}" for port, outside in reach.publish]
    return {"names": list(reach.names), "connect": list(reach.connect), "publish": published}


def _bounds(plan: "Plan") -> dict[str, object]:
    return {"tmp_bytes": plan.tmp_size}


def render(facts: dict[str, object], *, as_json: bool) -> bytes:
    """For a program, or line by line for a person."""
    if as_json:
        return f"{dumps(facts)}\n".encode()
    lines = []
    for name, value in facts.items():
        lines += _lines(name, value)
    return "".join(f"{shown(line)}\n" for line in lines).encode(errors="surrogateescape")


def _lines(name: str, value: object) -> list[str]:
    if isinstance(value, dict):
        return [line for inner, part in value.items() for line in _lines(f"{name}.{inner}", part)]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [line for part in value for line in _lines(name, part)]
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value)) or "-"
    return [f"{name:<22} {'-' if value is None else value}"]


def answer(request: ExecRequest) -> tuple[bytes, int]:
    """What to print, and the exit code that says whether the command would have been started."""
    facts = explain(request)
    code = LlmxError.exit_code if "error" in facts or facts["decision"] == "deny" else 0
    return render(facts, as_json=bool(request.report)), code
