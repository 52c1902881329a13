"""Runs inside: tries each attempt of one group in a process of its own and prints, as JSON, what came of each."""

import importlib
import json
import os
import signal
import sys
from types import SimpleNamespace

PATIENCE = 10  # seconds


def attempt(act, at):
    """What came of one attempt: whether the kernel did it, and what it read or why not."""
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(source)
        signal.alarm(PATIENCE)
        try:
            answer = {"did": True, "text": str(act(at))}
        except BaseException as error:
            answer = {"did": False, "text": f"{type(error).__name__}: {error}"}
        os.write(sink, json.dumps(answer).encode()[:60000])
        os._exit(0)
    os.close(sink)
    _, status = os.waitpid(pid, 0)
    os.set_blocking(source, False)  # whoever the attempt left behind may hold it
    try:
        return json.loads(os.read(source, 65536))
    except (BlockingIOError, ValueError):
        return {"did": False, "text": f"ended by signal {status & 127}"}


def main(group, scene, names):
    with open(scene) as file:
        at = SimpleNamespace(**json.load(file))
    attempts = importlib.import_module(f"tests.exec.escapes.attempts.{group}").GROUP
    print(json.dumps({name: attempt(attempts[name].act, at) for name in names}))
    sys.stdout.flush()
    os._exit(0)
