"""Find out, after the end, why a command never ran inside its sandbox."""

import os

from llmx.core.sandbox.bubblewrap import is_visible
from llmx.errors import ExecError, NotExecutableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.sandbox import Plan


def explain(plan: "Plan", program: str, *, got_inside: bool) -> ExecError:
    """What to tell about ``program``; ``got_inside``: bwrap could make its namespaces."""
    file = os.path.join(plan.cwd, program)
    interpreter = _interpreter(file)
    if got_inside and interpreter:
        if not os.path.exists(interpreter):
            return NotExecutableError(f"{program}: the interpreter in its first line does not exist ({interpreter})")
        for path in (interpreter, os.path.realpath(interpreter)):
            if not is_visible(path, plan):
                return NotExecutableError(
                    f"{program}: the sandbox hides the interpreter in its first line ({path})",
                    hint=f"--read {os.path.dirname(os.path.dirname(path))} shows it, read-only",
                )
    return ExecError(
        "the sandbox could not be set up; what bwrap says about it is on stderr",
        code="sandbox",
        hint="llmx doctor says what is missing; --no-sandbox runs without a sandbox",
    )


def _interpreter(file: str) -> str:
    """What the ``#!`` line of a script names; "" when it has none."""
    head = _head(file)
    words = head[2:].strip(b" \t").replace(b"\t", b" ") if head.startswith(b"#!") else b""
    return os.fsdecode(words.partition(b" ")[0])  # a carriage return belongs to the name, as the kernel reads it


def _head(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(256).partition(b"\n")[0]
    except OSError:
        return b""
