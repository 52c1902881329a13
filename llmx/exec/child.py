"""Run a command through llm-exec from asynchronous code: in a process of its own, for its whole result."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from llmx.errors import InconclusiveError

GRACE_S = 15.0
"""How long llm-exec may take to end its command when it is asked to; it gives the command 5 s itself."""


async def run_command(
    argv: Sequence[str], options: Sequence[str] = (), *, cwd: str | None = None, stdin: bytes | None = None
) -> dict[str, Any]:
    """The result of ``llm-exec OPTIONS -- ARGV``, as ``--json=full`` prints it; a failure is a result too.

    Several may run at once. One that is canceled has ended with all its processes when this returns, and none outlives
    this process. Raises
    ``InconclusiveError`` where llm-exec itself gave no result.
    """
    words = [sys.executable, "-P", "-m", "llmx.exec.tied", str(os.getpid()), "--json=full", *options, "--", *argv]
    ours = os.pathsep.join(path for path in sys.path if os.path.isabs(path))
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ours},
    )
    try:
        out, err = await process.communicate(stdin)
    except asyncio.CancelledError:
        await _end(process)
        raise
    try:
        result: dict[str, Any] = json.loads(out)
    except ValueError:
        said = err.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise InconclusiveError(f"llm-exec gave no result: {said}") from None
    return result


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let llm-exec end its command; where it does not, its own end takes the sandbox along."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(GRACE_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
