"""llmx's modules as they are kept for a user who has run llm-exec before: without them each HOME costs 0.1 s of CPU.

Nothing else is kept: what the machine can enforce is found out anew in each HOME, and so are the filters.
"""

import functools
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = '[exec]\nstdin_wait = 9\n[exec.policy]\ndeny = ["rm"]\n'
RUNS = (
    "--json -- git init -q",
    "--json -- git config core.fsmonitor x",
    "--config ../landlock.toml -- true",
    "--json --net example.com --level restricted -- cat /root/x",
    "--json --no-sandbox --monitor --memory 1G --stall-timeout 60 -- sleep 0.1",
    "--no-sandbox --keep-output --command 'sleep 9 & sleep 0.05; echo API_KEY=cq7ut3kQ0dNVb52J'",
    "--explain -- true",
    "--no-sandbox --last --json",
    "--json --no-such-option -- true",
)
"""Together they load most of what runs load."""


def give(home, uid):
    """Put the pack where this user's llm-exec looks for it."""
    name, data = _pack()
    folder = home / ".cache/llmx"
    folder.mkdir(0o700, parents=True)
    file = folder / name
    file.write_bytes(data)
    file.chmod(0o600)
    for path in (folder.parent, folder, file):
        os.chown(path, uid, uid if uid != os.getuid() else os.getgid())


@functools.cache
def _pack():
    """The name of the file, and what is in it."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    with tempfile.TemporaryDirectory() as home:
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "PYTHONPATH": str(REPOSITORY)}
        for folder in ("work", ".config/llmx"):
            Path(home, folder).mkdir(parents=True)
        Path(home, ".config/llmx/config.toml").write_text(SETTINGS)
        Path(home, "landlock.toml").write_text('[exec]\nmechanism = "landlock"\n')
        for line in RUNS:
            with subprocess.Popen(
                [sys.executable, "-m", "llmx", "exec", *shlex.split(line)],
                cwd=f"{home}/work", env=kept | variables | {"LLMX_EXEC__GRACE": "0.1"},
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                process.wait()
        (file,) = Path(home, ".cache/llmx").glob("modules-*.marshal")
        return file.name, file.read_bytes()
