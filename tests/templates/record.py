"""Record the golden cases of built-in templates again: ``python -m tests.templates.record [NAME …]``.

The answers are those of ``scripts/NAME.jsonl``, a script of the mock: after a change of a template that is meant.
"""

import os
import sys
import tempfile
from pathlib import Path

from llmx.cli.app import open_tree
from llmx.core.backends.mock import SCRIPT
from llmx.templates.sources import BUILT_IN

SCRIPTS = Path(__file__).parent / "scripts"


def main():
    """Record those that are named, else all; exits with the worst code."""
    worst = 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        for name in sys.argv[1:] or BUILT_IN:
            os.environ[SCRIPT] = str(SCRIPTS / f"{name}.jsonl")
            sys.argv = ["llmx", "template", "test", name, "--record", "--backend", "mock"]
            worst = max(worst, open_tree())
    sys.exit(worst)


if __name__ == "__main__":
    main()
