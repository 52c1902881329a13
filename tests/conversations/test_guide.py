"""The Python in the guide's chapter about agents runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

CHAPTER = Path(__file__).resolve().parents[2] / "llmx/data/guide/agents.md"


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", CHAPTER.read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Mock response to: Greet whoever")
