"""Commands run as a process of their own, with nothing on stdin."""

import json
import sys

from tests import forked


def llmx(*words, code=0):
    """``llmx WORDS``, which must end with ``code``."""
    command = [sys.executable, "-m", "llmx", *words]
    done = forked.run(command, text=True)
    assert done.returncode == code, done.stderr
    return done


def facts(*words, code=0):
    """What it tells as JSON."""
    return json.loads(llmx(*words, "--output", "json", code=code).stdout)
