"""``llm-exec``: run one command within limits and come back with one honest result. ``main`` is the way in."""

import os
import sys

from llmx.core.plugins import load
from llmx.core.redact import mask_message, show_defect
from llmx.core.settings import active
from llmx.errors import ExecError, LlmxError, PolicyError, render
from llmx.exec.argv import asks_for_json, parse
from llmx.exec.request import NOT_EXECUTABLE, OWN_FAILURE, build
from llmx.exec.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.background import Answer
    from llmx.exec.result_file import ResultFile

_NO_DESCRIPTORS = (23, 24)  # ENFILE, EMFILE

FOR_THE_TREE = ("help", "schema")
"""Options that the command tree answers: nobody waits for those, and they need Typer."""


def main(words: list[str]) -> int | None:
    """Run what ``words`` (without the program's name) ask for; None when the command tree has the answer."""
    sys.excepthook = show_defect
    _fill_closed_streams()
    try:
        line = parse(words)
        if any(name in line.values for name in FOR_THE_TREE):
            return None
        if "last" in line.values:
            _print(1, load("llmx.exec.last:last_result")(line, os.environ))
            return 0
        cwd = _folder()
        settings = active(os.environ, cwd, file=line.text("config"), profile=line.text("profile"), lenient=True)
        request = build(line, settings.values, os.environ, cwd, settings.loosened)
        if request.result:
            load("llmx.exec.result_file:check")(request.result)
        if "explain" in line.values:
            answer: tuple[bytes, int] = load("llmx.exec.explain:answer")(request)
            _print(1, answer[0])
            return answer[1]
    except LlmxError as error:
        return _refuse(words, error)
    if not request.quiet:
        _say_notices(settings.notices)
    try:
        if request.background:
            return _answer(load("llmx.exec.background:start")(request, report))
        return report(Run(request))
    except Exception as error:  # a defect of ours must not look like the command's exit code 1
        if os.environ.get("LLMX_DEBUG"):
            raise
        if getattr(error, "errno", 0) in _NO_DESCRIPTORS:
            hint = "ulimit -n says how many this shell allows; llm-exec takes about 24, and the command its own"
            return _refuse(words, ExecError("too many files are open", code="spawn", hint=hint))
        what = f"internal error: {type(error).__name__}: {error}"
        return _refuse(words, ExecError(what, hint="LLMX_DEBUG=1 shows where; please report it"))


def report(run: Run) -> int:
    """Execute ``run``, say what has to be said, and return the exit code."""
    request = run.request
    file = load("llmx.exec.result_file:ResultFile")(request.result) if request.result else None
    outcome = run.execute()
    result = load("llmx.exec.result:assemble")(run) if request.report or request.result or run.store else {}
    if run.store:
        run.store.keep(result)
    if request.report or request.result:
        render_json = load("llmx.exec.result:render")
        if file:
            _write_result(file, request.result, render_json(result, "full"))
        if request.report and (problem := _print(1, render_json(result, request.report))):
            _tell(f"error: the result could not be written: {problem}")
            return OWN_FAILURE
    elif not request.quiet:
        _say(run)
    return outcome.exit_code


def _answer(known: "Answer") -> int:
    """Say what is known of a run that goes on in the background, or why it does not."""
    for line in known.lines:
        _tell(line)
    _print(1, known.out)
    return known.exit_code


def _fill_closed_streams() -> None:
    """Occupy descriptors 0 to 2 where the caller has closed them, so that no file of ours gets such a number.

    The command finds them closed, as they were.
    """
    try:
        while (descriptor := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= 2:
            pass
        os.close(descriptor)
    except OSError:  # no /dev: nothing depends on it but callers who close streams
        pass


def _folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ExecError("the current folder no longer exists", code="cwd", hint="cd into one that does") from None


def _refuse(words: list[str], error: LlmxError) -> int:
    """Say why nothing was run: on stderr, or as the result object where that was asked for."""
    exit_code = OWN_FAILURE
    if isinstance(error, PolicyError):
        exit_code = NOT_EXECUTABLE
    elif isinstance(error, ExecError):
        exit_code = error.exit_code
    if mode := asks_for_json(words):
        _print(1, load("llmx.exec.refusal:refusal")(words, error, exit_code, mode))
    else:
        for line in mask_message(render(error), os.environ, words).split("\n"):
            _tell(line)
    return exit_code


def _say_notices(notices: list[str]) -> None:
    for notice in notices:
        _tell(notice)


def _say(run: Run) -> None:
    """The few words that follow live output when the run did not simply end by itself."""
    lines: list[str] = load("llmx.exec.hints:words")(run) if run.needs_hints else []
    if run.confinement and (weaker := run.confinement.degraded):
        lines = [*load("llmx.exec.notice:weaker_sandbox")(run.request.env, weaker), *lines]
    if run.audit.problem:
        lines = [f"warning: not logged: {run.audit.problem}", *lines]
    if run.store and run.store.problem:
        lines = [f"warning: not stored: {run.store.problem}", *lines]
    for line in lines:
        _tell(line)


def _write_result(file: "ResultFile", path: str, data: bytes) -> None:
    try:
        file.write(data)
    except OSError as error:
        _tell(f"warning: --result {path}: {error.strerror}")
    finally:
        file.close()


def _tell(line: str) -> None:
    """One line of llmx's own on stderr."""
    _print(2, f"llm-exec: {line}\n".encode(errors="surrogateescape"))


def _print(descriptor: int, data: bytes) -> str:
    """Write all of it and return what went wrong; a stream that its reader has closed is no problem."""
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except BrokenPipeError:
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""
