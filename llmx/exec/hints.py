"""What to type next when a run did not go as meant."""

import os
import shlex

from llmx.core.plugins import load
from llmx.core.redact import mask_argv, mask_message
from llmx.exec.missing_command import suggest_for_missing, suggest_for_refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmx.core.network.forwarder import Forwarder
    from llmx.exec.run import Run

_STREAMS = ("stdout", "stderr")
_MOST_NAMED = 5  # files or processes
_SHELL_WORDS = frozenset(("&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>"))


def hints(run: "Run") -> list[str]:
    """Advice for the result, most useful first, without secrets."""
    request = run.request
    found = [run.setup_hint] if run.setup_hint else []
    if run.setup_error:
        found += _for_setup(run)
    found += _for_ending(run)
    if run.confinement:
        found = [*_for_sandbox(run), *found, *run.confinement.hints]
    if run.outcome.status == "failed":
        argv = mask_argv(request.argv, request.all_env)
        found += _for_bash(run, argv[-1]) if request.is_shell else _for_words(argv)
    return [mask_message(hint, request.all_env, request.argv) for hint in found + _for_processes(run)]


def words(run: "Run") -> list[str]:
    """The lines for stderr after live output: what happened, where that is not the command's own affair, and hints."""
    what = [f"error: {run.setup_error['message']}"] if run.setup_error else _what_happened(run)
    if run.confinement and run.confinement.changed:
        what.append(_what_changed(run.confinement.changed))
    what = [mask_message(line, run.request.all_env, run.request.argv) for line in what]
    return [inert(line, kept="\n\t") for line in (*what, *(f"hint: {hint}" for hint in hints(run)))]


def _what_happened(run: "Run") -> list[str]:
    request, outcome = run.request, run.outcome
    match outcome.status:
        case "timeout":
            return [f"timed out after {_seconds(request.timeout)}"]
        case "stalled" if run.blocked_on:
            return [f"stalled: it waited {_seconds(request.stdin_wait)} for a first byte on stdin"]
        case "stalled":
            return [f"stalled: no output and no CPU use for {_seconds(request.stall_timeout)}"]
        case "window_closed":
            return ["its window was closed, and the command ended"]
        case "limit":
            return [f"ended: it reached the limit on {outcome.limit.replace('_', ' ')}"]
    return []


def _what_changed(changed: "Sequence[Mapping[str, object]]") -> str:
    told = [f"{inert(str(one['path']))}{' (put back)' if one.get('put_back') else ''}" for one in changed[:_MOST_NAMED]]
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    return f"notice: the command changed what runs later: {', '.join(told)}{more}"


def inert(text: str, kept: str = "") -> str:
    """``text``, whose parts a command may have chosen, with nothing in it that ends a line or steers a terminal."""
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() or each in kept else ascii(each)[1:-1] for each in text])


def _seconds(number: float) -> str:
    return f"{number:g} s"


def _for_sandbox(run: "Run") -> list[str]:
    """The line to type instead, when what failed is something that the sandbox took away."""
    if run.outcome.status not in ("failed", "timeout") or not run.confinement:
        return []
    said = {name: b"".join(run.captures[name].kept.parts()) if name in run.captures else b"" for name in _STREAMS}
    request = run.request
    if run.confinement.forwarder and (found := _for_names(run, run.confinement.forwarder, said)):
        return found
    line: str | None = load("llmx.exec.sandbox_hints:line_to_run_again")(
        argv=mask_argv(request.argv, request.all_env),
        options=mask_argv(request.options, request.all_env),
        is_shell=request.is_shell,
        plan=run.confinement.plan,
        can_name_hosts=run.confinement.level == "full",
        **said,
    )
    told: str = line or load("llmx.exec.sandbox_hints:about_home")(plan=run.confinement.plan, **said)
    return [told] if told else []


def _for_names(run: "Run", forwarder: "Forwarder", said: dict[str, bytes]) -> list[str]:
    """What to do about the proxy."""
    request = run.request
    options, argv = mask_argv(request.options, request.env), mask_argv(request.argv, request.env)
    found: list[str] = load("llmx.exec.network_hints:hints")(
        forwarder, options, [] if request.is_shell else ["--", *argv], said
    )
    return found


def _for_setup(run: "Run") -> list[str]:
    request = run.request
    code = run.setup_error["code"] if run.setup_error else ""
    if code == "not_found":
        hint: str = load("llmx.exec.deps.nix_hints:hint_for_missing")(request)
        return suggest_for_missing(request.argv, request.env, request.cwd, hint)
    if code == "not_executable":
        return suggest_for_refused(request.argv, request.cwd)
    return []


def _for_ending(run: "Run") -> list[str]:
    outcome, options, found = run.outcome, run.request.options, []
    if run.blocked_on == "stdin":
        found.append("the command waits for input: --stdin none gives it an empty stdin, --stdin FILE a file")
    if outcome.status == "window_closed":
        found.append("--background leaves a run to itself, without a window that could be closed")
    if outcome.status == "timeout" and run.window and not any(word.startswith("--timeout") for word in options):
        found.append("every run has this end by default: --timeout 0 lets it go on until its window is closed")
    elif outcome.status == "timeout":
        found.append("--timeout 30m gives it longer, --timeout 0 no end")
    if outcome.status == "stalled" and run.blocked_on != "stdin":
        found.append("--stall-timeout 10m lets it be silent for longer, --stall-timeout 0 for ever")
    if outcome.limit:
        option = "--" + outcome.limit.replace("_", "-")
        found.append(f"the limit on {outcome.limit.replace('_', ' ')} was reached: raise it with {option}")
    verdict = run.ending.verdict
    if verdict and verdict.note:
        found.append(verdict.note)
    return found


def _for_bash(run: "Run", line: str) -> list[str]:
    """A shell line in words that only bash knows."""
    capture = run.captures.get("stderr")
    hint: str = load("llmx.exec.bash_hints:hint_for_bash")(line, capture.kept.last_text()) if capture else ""
    return [hint] if hint else []


def _for_words(argv: list[str]) -> list[str]:
    """Things that only a shell would have understood, handed to the command as they were."""
    line = shlex.quote(" ".join([word if _is_for_shell(word) or "*" in word else shlex.quote(word) for word in argv]))
    if seen := [word for word in argv[1:] if _is_for_shell(word)]:
        return [f"{seen[0]} went to {argv[0]} as a plain word: --command {line} runs a shell line"]
    for word in argv[1:]:
        if (
            ("*" in word and "/" not in word[:1])
            and not os.path.exists(word)
            and argv[0] in ("ls", "cat", "rm", "cp", "mv")
        ):
            return [f"{word} was not expanded: --command {line} runs a shell line"]
    return []


def _is_for_shell(word: str) -> bool:
    return word in _SHELL_WORDS or _is_redirection(word) or word.endswith(";")


def _is_redirection(word: str) -> bool:
    """Such as ``2>/dev/null``, ``&>log`` or ``>out``; but not ``<div>``, which a search may be for."""
    target = word.lstrip("0123456789&").lstrip(">")
    return ">" in word[: len(word) - len(target)] and (target[:1].isalpha() or target.startswith(("/", ".", "~", "&")))


def _for_processes(run: "Run") -> list[str]:
    ending, found = run.ending, []
    if ending.leftovers:
        found.append(f"ended what it left running: {_named(ending.leftovers)}; --keep-children leaves such processes")
    if ending.survivors:
        found.append(f"still running, this user may not end them: {_named(ending.survivors)}")
    return found


def _named(processes: list[tuple[int, str]]) -> str:
    shown = ", ".join(f"{inert(name) or '?'} ({pid})" for pid, name in processes[:_MOST_NAMED])
    return shown if len(processes) <= _MOST_NAMED else f"{shown} and {len(processes) - _MOST_NAMED} more"
