"""Ask the policy's rules about a run, and the person at the terminal where a rule says so."""

import os
import shlex
import termios
from collections.abc import Mapping

from llmx.core.policy.rules import Decision, Rules, decide
from llmx.core.policy.words import Words
from llmx.core.process import find_program
from llmx.core.redact import mask_argv
from llmx.core.sandbox.workspace import find_work
from llmx.core.settings.sources import shown
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
    hint = f"llmx config show --sources exec.policy.{_list(found)} says where the rules stand"
    if found.verdict == "ask":
        hint = f"it runs when someone at a terminal says yes; {hint}"
    raise PolicyError(f"{_named(found.part, request)}: {_why(found, request)}", hint=hint)


def _list(found: Decision) -> str:
    """The list that decided."""
    return found.verdict if found.rule or found.verdict == "ask" else "allow"


def _why(found: Decision, request: ExecRequest) -> str:
    if found.rule:
        return f"the rule `{found.rule}` of exec.policy.{found.verdict} is about it"
    if found.verdict == "ask":
        return "what it runs cannot be told for certain, and there are rules about what may run"
    return f"it is not on the list exec.policy.allow ({', '.join(request.rules[0])})"


def _named(part: str, request: ExecRequest) -> str:
    """The words of a command as they may be shown: no secrets, nothing that a terminal would act on."""
    return shown(shlex.join(mask_argv(shlex.split(part), request.all_env)))


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
    """Whether the program that ``name`` means lies in the work tree, where a command may have put it.

    A relative path counts as one: from which folder it will be followed is not known.
    """
    if "/" in name and not os.path.isabs(name):
        return True
    try:
        found = os.path.join(cwd, find_program(name, env.get("PATH"), cwd))
    except (OSError, ValueError):
        found = name if os.path.isabs(name) else ""
    if not found:
        return False
    work = _work_tree(env, os.path.realpath(cwd))
    link = os.path.join(os.path.realpath(os.path.dirname(found)), os.path.basename(found))
    return any(f"{path}/".startswith(f"{work}/") for path in (link, os.path.realpath(found)))


def _work_tree(env: Mapping[str, str], cwd: str) -> str:
    try:
        return find_work(cwd, os.path.realpath(home(env)))[0]
    except ExecError:  # nothing that a command may write to
        return cwd


def confirm(request: ExecRequest, found: Decision) -> bool:
    """Ask the person at the terminal, where there is one; anything but a yes is a no."""
    if not os.isatty(2):
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp() and _ask(terminal, request, found)
    finally:
        os.close(terminal)


def _ask(terminal: int, request: ExecRequest, found: Decision) -> bool:
    termios.tcflush(terminal, termios.TCIFLUSH)  # what was typed before the question does not answer it
    whole = _named(shlex.join(request.argv), request)
    question = f"llm-exec: {_named(found.part, request)}: {_why(found, request)}\nllm-exec: run {whole}? [y/N] "
    os.write(terminal, question.encode(errors="replace"))
    return os.read(terminal, 100).strip().lower() in (b"y", b"yes")
