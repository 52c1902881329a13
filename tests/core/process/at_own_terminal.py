"""Run the words given as a command at a terminal of its own, as llm-exec does; exits with its code or 128 + signal."""

import os
import signal
import sys
import time

from llmx.core.process import Launch, adopt_orphans, find_program, spawn
from llmx.core.process.pty import OwnTerminal
from llmx.core.process.supervise import Signals, Supervisor


def main(words):
    adopt_orphans()
    own = OwnTerminal(next(number for number in (0, 1, 2) if os.isatty(number)))
    try:
        signals = Signals()
        program = find_program(words[0], os.environ.get("PATH"), os.getcwd())
        pid = spawn(Launch(program, words, env=os.environ, enter=own.enter))
        own.started(pid)
        supervisor = Supervisor(pid, signals, clock=time.monotonic, grace=0.2)
        supervisor.streams.append(own)
        supervisor.watches.append(own)
        ending = supervisor.run()
    finally:
        own.close()
    if ending.verdict:
        return 128 + (ending.verdict.signal or signal.SIGKILL)
    return os.waitstatus_to_exitcode(ending.status or 0) % 256


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
