"""Ask the policy's rules about a run, and the person at the terminal where a rule says so."""

import os
import shlex
from collections.abc import Mapping

from llmx.core.policy.rules import Decision, Rules, decide
from llmx.core.policy.words import Words
from llmx.core.process import find_program
from llmx.core.redact import mask_argv
from llmx.core.sandbox.workspace import find_work
from llmx.errors import ExecError, LlmxError, PolicyError
from llmx.exec.argv import parse
from llmx.exec.request import ExecRequest
from llmx.paths import home


def decision(request: ExecRequest) -> Decision:
    """What the rules say about the command of ``request``."""
    allow, deny, ask = request.rules
    rules = Rules(allow, deny, ask)
    return decide(
        request.argv, rules, unwrap_self=command_of, is_planted=lambda name: is_planted(name, request.env, request.cwd)
    )


def check(request: ExecRequest) -> None:
    """Raise ``PolicyError`` for a command that the rules forbid, or that nobody has said yes to."""
    found = decision(request)
    if found.verdict == "allow" or (found.verdict == "ask" and confirm(request, found)):
        return
    if found.rule:
        why = f"the rule `{found.rule}` of exec.policy.{found.verdict} is about it"
    elif found.verdict == "ask":
        why = "what it runs cannot be told for certain, and there are rules about what may run"
    else:
        why = f"it is not on the list exec.policy.allow ({', '.join(request.rules[0])})"
    hint = "llmx config show --sources exec.policy says where the rules stand"
    if found.verdict == "ask":
        hint = f"it runs when someone at a terminal says yes; {hint}"
    part = shlex.join(mask_argv(request.argv, request.env)) if found.rule == "" else found.part
    raise PolicyError(f"{part}: {why}", hint=hint)


def command_of(words: Words) -> Words | None:
    """The command in an ``llm-exec`` or ``llmx exec`` line; None where it runs none."""
    options = words[1:]
    if os.path.basename(words[0]) == "llmx":
        while options and options[0] != "exec":
            options = options[1:]
        options = options[1:]
    try:
        line = parse(options)
    except LlmxError:
        return None
    shell = line.values.get("command")
    return ["sh", "-c", str(shell)] if shell is not None else line.command or None


def is_planted(name: str, env: Mapping[str, str], cwd: str) -> bool:
    """Whether the program that ``name`` means lies in the work tree, where a command may have put it."""
    try:
        found = os.path.realpath(os.path.join(cwd, find_program(name, env.get("PATH"), cwd)))
    except (OSError, ValueError):
        return "/" in name
    return found.startswith(f"{_work_tree(env, os.path.realpath(cwd))}/")


def _work_tree(env: Mapping[str, str], cwd: str) -> str:
    try:
        return find_work(cwd, os.path.realpath(home(env)))[0]
    except ExecError:  # nothing that a command may write to
        return cwd


def confirm(request: ExecRequest, found: Decision) -> bool:
    """Ask at the terminal, where there is one; anything but a yes is a no."""
    if not (os.isatty(0) and os.isatty(2)):
        return False
    shown = shlex.join(mask_argv(request.argv, request.env))
    about = f"the rule `{found.rule}`" if found.rule else found.part
    os.write(2, f"llm-exec: {about} asks first: {shown}\nllm-exec: run it? [y/N] ".encode(errors="replace"))
    return os.read(0, 100).strip().lower() in (b"y", b"yes")
