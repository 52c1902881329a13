"""Commands run inside of the tests' process: some 50 times cheaper than a process each, where one is not the point."""

import os
from typing import NamedTuple
from unittest.mock import patch

from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.cli.refusal import is_refusal, refusal
from llmx.errors import LlmxError, render


def _refused(error):
    return refusal(error) if isinstance(error, Exception) and is_refusal(error) else None


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def llmx(*words, text=None, **env):
    """``llmx WORDS``, with these variables and this on stdin."""
    with patch.dict(os.environ, env):
        result = CliRunner().invoke(app, list(words), input=text)
    error = result.exception
    if error is None or isinstance(error, SystemExit):
        return Done(result.exit_code, result.stdout, result.stderr)
    known = error if isinstance(error, LlmxError) else _refused(error)
    assert known is not None, error
    return Done(known.exit_code, result.stdout, f"{result.stderr}{render(known)}\n")
