"""``llmx runs logs``, ``stop`` and ``wait``: what a run prints, its end, and ending it."""

import os
import re
import signal
import sys
import time
from typing import Annotated, Literal

import typer

from llmx.cli.notes import note
from llmx.cli.output import Output, OutputOption
from llmx.cli.runs_shown import record
from llmx.core.jsonline import dumps
from llmx.core.quantities import parse_duration
from llmx.core.runs.liveness import Handle, hold
from llmx.core.runs.naming import find
from llmx.core.runs.output import STREAMS, Gap, Reader
from llmx.core.runs.records import LOST_CODE, Run, stores_output
from llmx.errors import LlmxError, NotFoundError, PolicyError, UsageError

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="An id, how one begins, or `last`.")]
TIMED_OUT = 124
LOOK_EVERY = 0.1  # seconds, while a log is followed
LOOK_WITHIN = 0.5  # seconds, while a run in a sandbox is awaited, of whose process nothing is known out here
PATIENCE = 60.0  # seconds that a run gets to end; its own grace time is part of it
AT_ONCE = 10.0  # seconds, when it is forced

_NOT_COLOR = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def logs(
    name: IdArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    stream: Annotated[Literal["stdout", "stderr"] | None, typer.Option("--stream", help="Only this one.")] = None,
) -> None:
    """Print what a run has printed: its stdout here to stdout, its stderr to stderr. Secrets are masked."""
    run = find(os.environ, name)
    if not stores_output(run):
        hint = "llm-exec --keep-output and --background store it, for at most 7 days and 100 MB"
        raise NotFoundError(f"the output of run {run.id} is not stored", hint=hint)
    readers = {one: Reader(run.folder, one) for one in ([stream] if stream else STREAMS)}
    while True:
        is_over = not follow or _is_over(run)
        for one, reader in readers.items():
            _pass_on(one, reader)
        if is_over:
            return
        time.sleep(LOOK_EVERY)


def _is_over(run: Run) -> bool:
    return run.is_over or not any(True for _ in hold(run.claim))


def _pass_on(name: str, reader: Reader) -> None:
    to = sys.stdout if name == "stdout" else sys.stderr
    to.flush()
    for piece in reader.read():
        if isinstance(piece, Gap):
            note(f"{piece.size} bytes of {name} are not stored")
        elif to.isatty():
            to.write(harmless(piece.decode(errors="replace")))
        elif hasattr(to, "buffer"):
            to.buffer.write(piece)
        else:
            to.write(piece.decode(errors="replace"))
    to.flush()


def harmless(text: str) -> str:
    """``text`` with its colors, and all else that a terminal would obey made visible."""
    return _NOT_COLOR.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def stop(
    name: IdArgument,
    force: Annotated[bool, typer.Option("--force", help="At once, without the grace time.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """End a run and wait until nothing of it is left; one that is over is left as it is."""
    run = find(os.environ, name)
    if run.outer and not run.is_over:
        hint = f"llmx runs stop {run.outer} ends that one and all that it has started"
        raise LlmxError(f"run {run.id} goes on within the sandbox of run {run.outer}", hint=hint)
    asked = False
    try:
        for handle in hold(run.claim):
            _end(handle, run, force=force)
            asked = True
    except ProcessLookupError:
        pass
    except PermissionError:
        raise PolicyError(f"run {run.id} is another user's", hint=f"its user is {run.claim.user}") from None
    over = find(os.environ, run.id)
    if output == Output.json:
        print(dumps({**record(over), "stopped": asked}))
    else:
        print(f"{run.id} {'is stopped' if asked else 'was over already'}: {over.status}")


def _end(handle: Handle, run: Run, *, force: bool) -> None:
    """SIGTERM to its llm-exec, which ends the whole tree; told twice it does so at once."""
    handle.send(signal.SIGTERM)
    handle.send(signal.SIGCONT)
    if not force:
        if not handle.wait(PATIENCE):
            raise LlmxError(f"run {run.id} has not ended", hint=f"llmx runs stop --force {run.id}")
        return
    if not handle.wait(LOOK_EVERY):
        handle.send(signal.SIGTERM)
    if not handle.wait(AT_ONCE):
        handle.send(signal.SIGKILL)
        handle.wait(AT_ONCE)


def wait(
    name: IdArgument,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Give up after this long, with 124.")
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Wait for a run's end and exit with its exit code."""
    try:
        patience = None if timeout is None else parse_duration(timeout)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}", hint="for example --timeout 10m") from None
    run = _awaited(find(os.environ, name), patience)
    if not run.is_over:
        note(f"run {run.id} goes on after {timeout}")
        raise typer.Exit(TIMED_OUT)
    if output == Output.json:
        print(dumps(record(run)))
    if run.status == "lost":
        note(f"the llm-exec of run {run.id} was killed, nobody saw how the command ended")
    raise typer.Exit(LOST_CODE if run.exit_code is None else run.exit_code)


def _awaited(run: Run, patience: float | None) -> Run:
    """The run as it is after its end or after that many seconds."""
    if run.is_over:
        return run
    if not run.outer:
        for handle in hold(run.claim):
            if not handle.wait(patience):
                return run
        return find(os.environ, run.id)
    due = None if patience is None else time.monotonic() + patience
    while not run.is_over and (due is None or time.monotonic() < due):
        time.sleep(LOOK_WITHIN)
        run = find(os.environ, run.id)
    return run
