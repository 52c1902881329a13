"""Why a worker's process ended, in words that say what to do."""

import os
import signal

from llmx.core.runner import RunnerError

LAST_LINES = 6

_CAUSES = {
    signal.SIGSEGV: ("llama.cpp crashed (SIGSEGV)", "try the other engine: --set gguf.engine=xllamacpp"),
    signal.SIGABRT: ("llama.cpp gave up on an inner check (SIGABRT)", "the last lines say which"),
    signal.SIGBUS: (
        "the model file was cut or replaced while it was in use (SIGBUS)",
        "load it again once it is whole; llmx model pull never writes into a file that is in use",
    ),
    signal.SIGKILL: (
        "it was killed (SIGKILL): most likely the kernel, because memory ran out",
        "take a smaller --context or a smaller model; llmx model info shows what it needs",
    ),
    signal.SIGILL: (
        "the engine was built for another processor (SIGILL)",
        "pip install --no-cache-dir --force-reinstall --no-binary llama-cpp-python llama-cpp-python",
    ),
}


def death(status: int, model: str, log: str) -> RunnerError:
    """The error for a worker that ended with ``status`` of waitpid; ``log`` is what it printed."""
    number = -os.waitstatus_to_exitcode(status)
    cause, hint = f"it ended with exit code {-number}", "llmx --trace debug tells more"
    if number > 0:
        name = signal.Signals(number).name if number in signal.Signals.__members__.values() else f"signal {number}"
        cause, hint = _CAUSES.get(signal.Signals(number), (f"it was ended by {name}", hint))
    lines = [line for line in log.splitlines() if line.strip()][-LAST_LINES:]
    said = "; its last lines: " + " | ".join(lines) if lines else ""
    return RunnerError(f"the process that ran {model} is gone: {cause}{said}", kind="died", hint=hint)
