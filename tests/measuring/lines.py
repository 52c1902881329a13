"""Notes which lines of llmx this process runs: coverage's own tracer, without the 90 ms of the rest of coverage.

Every interpreter of the virtual environment starts it (`site` imports it) where ``COVERAGE_LINES`` says: the file of
the tracer, the folder that is measured and the folder for notes, joined by ``:``. A note is a marshalled dictionary,
file -> numbers of its lines; `tests.measuring` makes coverage's data of them. Only what every interpreter has loaded
is imported.
"""

import _frozen_importlib
import _imp
import _thread
import atexit
import marshal
import os
import time


class Lines:
    """The lines that this process, and every process it was forked from, has run so far."""

    def __init__(self, tracer, measured, notes):
        self.measured = measured + os.sep
        self.notes = notes
        self.data: dict[str, set[int]] = {}
        self.known: dict[str, object] = {}
        self.tracers: list[object] = []  # kept: one that goes ends the tracing of whichever thread it goes in
        spec = _frozen_importlib.ModuleSpec("tracer", None, origin=tracer)
        self.module = _imp.create_dynamic(spec)
        _imp.exec_dynamic(self.module)

    def disposition(self, file, _frame):
        """Whether ``file`` is measured, in the tracer's form."""
        found = self.module.CFileDisposition()
        found.trace = file.startswith(self.measured)
        found.source_filename = file
        found.file_tracer = None
        found.has_dynamic_filename = False
        return found

    def start(self):
        """Trace this thread from here on."""
        tracer = self.module.CTracer()
        tracer.data = self.data
        tracer.should_trace = self.disposition
        tracer.should_trace_cache = self.known
        tracer.lock_data = tracer.unlock_data = bool  # the interpreter's lock is enough for sets that only grow
        tracer.trace_arcs = False
        tracer.concur_id_func = tracer.should_start_context = None
        self.tracers.append(tracer)
        tracer.start()

    def save(self):
        """Write what was run to a file of its own. Nothing here may fail: the process has its own way to end."""
        try:
            text = marshal.dumps({file: list(lines) for file, lines in self.data.copy().items()})
            name = f"{self.notes}/{os.getpid()}-{time.time_ns()}"
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            os.write(file, text)
            os.close(file)
        except (OSError, MemoryError):  # hidden by a sandbox, or a test has left no descriptor, memory or space
            return


def before(function, first):
    """``function``, with ``first`` called before it."""

    def both(*arguments, **named):
        first()
        return function(*arguments, **named)

    return both


def traced_from_its_start(starter, lines):
    """A function of ``_thread`` that starts a thread, whose function is now traced."""

    def start(function, *arguments, **named):
        return starter(before(function, lines.start), *arguments, **named)

    return start


def measure(where):
    """Trace every thread of this process; the lines are written when it ends or becomes another program."""
    lines = Lines(*where.split(":"))
    for name in ("start_new_thread", "start_joinable_thread"):
        if hasattr(_thread, name):
            setattr(_thread, name, traced_from_its_start(getattr(_thread, name), lines))
    for name in ("_exit", "execv", "execve"):
        setattr(os, name, before(getattr(os, name), lines.save))
    atexit.register(lines.save)
    lines.start()


if os.environ.get("COVERAGE_LINES"):
    measure(os.environ["COVERAGE_LINES"])
