"""What ``llmx template exec`` prints and writes: reports, artifacts, and the envelope."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from llmx.cli.notes import note
from llmx.cli.output import Output
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, LlmxError, UsageError, nearest, render
from llmx.exec.result_file import write_file
from llmx.templates.artifacts import write
from llmx.templates.outcomes import Result
from llmx.templates.reports import FORMS, LONGEST_SUMMARY


def forms(given: list[str] | None, output: Output) -> list[tuple[str, str]]:
    """Each report and its file; raises ``UsageError`` where it cannot be written, before anything is asked."""
    found = [_form(text) for text in given or ()]
    printed = [form for form, file in found if not file]
    if len(printed) > 1 or (printed and output == Output.json):
        other = f"--report {printed[1]}" if len(printed) > 1 else "--output json"
        hint = f"give one of them a file, such as --report {printed[0]}=FILE"
        raise UsageError(f"--report {printed[0]} and {other} both go to stdout", hint=hint)
    files = [os.path.realpath(file) for _, file in found if file and not _is_special(file)]
    if twice := next((file for file in files if files.count(file) > 1), ""):
        raise UsageError(f"two reports go to {twice}", hint="nothing was asked; give each a file of its own")
    return found


def _form(text: str) -> tuple[str, str]:
    form, equals, file = text.partition("=")
    if form not in FORMS:
        near = nearest(form, FORMS)
        hint = f"did you mean {near}?" if near else f"it is one of {', '.join(FORMS)}"
        raise UsageError(f"--report: there is no form {form!r}", hint=hint)
    if equals and not file:
        raise UsageError(f"--report {text} names no file", hint=f"--report {form}=FILE, or --report {form} for stdout")
    if file in ("", "-"):
        return form, ""
    parent = os.path.dirname(os.path.abspath(file))
    if os.path.isdir(file) or not os.access(file if os.path.exists(file) else parent, os.W_OK):
        raise UsageError(f"--report {text}: {file} cannot be written", hint="nothing was asked; name another file")
    return form, file


def _is_special(file: str) -> bool:
    return os.path.exists(file) and not os.path.isfile(file)


def clear(wanted: list[tuple[str, str]]) -> None:
    """Take away the reports of an earlier run: nobody shall take them for this one's, however it ends."""
    for _, file in wanted:
        if file and not os.path.islink(file) and not _is_special(file):
            with suppress(OSError):
                os.unlink(file)


def deliver(result: Result, folder: str, *, force: bool) -> list[Path]:
    """Write the artifacts. Where that fails the result is shown all the same, and the run can be gone on with."""
    if not folder:
        return []
    try:
        return write(Path(folder), result.artifacts, force=force)
    except LlmxError as error:
        again = f"--resume {result.run} writes it without asking again"
        error.hint = f"{error.hint}; {again}" if error.hint else again
        result.fail(error)
        return []


def report_all(result: Result, wanted: list[tuple[str, str]]) -> None:
    """Write the reports, or print them. One that cannot be written fails the run, and the others are written."""
    files_first = sorted(wanted, key=lambda each: not each[1])  # stdout may break, too
    faults = [fault for form, file in files_first if (fault := _report(result, form, file))]
    if faults and not result.error:
        result.fail(
            UsageError("; ".join(faults), hint=f"--resume {result.run} --force writes them without asking again")
        )


def _report(result: Result, form: str, file: str) -> str:
    """Why it could not be written; empty where it was."""
    text = load(FORMS[form])(result)
    if form == "github":
        _add_summary(result)
    if not file:
        print(text, end="")
        return ""
    try:
        write_file(file, text.encode(errors="replace"))
    except OSError as error:
        return f"--report {form}={file}: {error.strerror}"
    return ""


def _add_summary(result: Result) -> None:
    """To the page of the job, where GitHub has said where that is; a job without it is none the worse."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with open(file, "a", encoding="utf-8", errors="replace") as page:
            page.write(load(FORMS["summary"])(result, LONGEST_SUMMARY - page.tell()))
    except OSError as error:
        note(f"GITHUB_STEP_SUMMARY: {file} cannot be written: {error.strerror}")


def show(result: Result, paths: list[Path], output: Output, *, quiet: bool) -> None:
    """The envelope, or in a few lines what it says; nothing where a report has gone to stdout.

    What kept the run from being whole is said on stderr; of the texts for stdout only the envelope has it, too.
    """
    if result.problem:
        told = render(result.error or InconclusiveError(result.problem))
        print(*load("llmx.templates.reports.inert:answered")(told), sep="\n", file=sys.stderr)
    if output == Output.json:
        text = dumps(result.envelope([str(path) for path in paths]))
        print(text.replace("##[", "#\\u0023["))  # the same in JSON, and no command of a CI system
    elif not quiet:
        print(load("llmx.templates.reports.plain:as_text")(result), end="")
        for path in paths:
            print(f"written: {shown(str(path))}")
