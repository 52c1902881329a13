"""What ``llmx quickstart`` does: one command in the sandbox, one question to the demo model, and what to type next."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.client import LLMClient
from llmx.core.demo import demo
from llmx.core.llm_config import LLMConfig
from llmx.core.process.headroom import headroom
from llmx.core.runner.engines import choose
from llmx.errors import LlmxError
from llmx.models.catalog import offers

COMMAND = ("uname", "-sm")
QUESTION = "What is the capital of France?"


class Step(NamedTuple):
    """One thing that was tried: ``text`` tells what came of it, ``facts`` are for programs."""

    name: str
    is_done: bool
    text: str
    facts: Mapping[str, Any]


def steps() -> list[Step]:
    """All of it, in order; a step that fails says why and what to type."""
    return [_sandboxed(), _answered()]


def next_command() -> str:
    """What fetches a real model that leaves half of this machine's memory free; needs nothing but what llmx has."""
    found = offers(headroom().bytes // 2)
    fitting = [offer.entry for offer in found if offer.fits and offer.entry.ref.startswith("hf:")]
    smallest = next(offer.entry for offer in found if offer.entry.ref.startswith("hf:"))
    return f"llmx model pull {max(fitting, key=lambda entry: entry.size, default=smallest).ref}"


def _sandboxed() -> Step:
    """A real run of llm-exec, monitored, in a folder of its own: the home folder is none to work in."""
    words = [sys.executable, "-P", "-m", "llmx", "exec", "--json", "--monitor", "--", *COMMAND]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if os.path.isabs(path))}
    with tempfile.TemporaryDirectory(prefix="llmx-quickstart-") as folder:
        done = subprocess.run(
            words, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=folder, env=env, check=False
        )
    try:
        result = json.loads(done.stdout)
        level, usage = result["sandbox"]["level"], result["usage"]
    except (ValueError, KeyError, TypeError):
        return Step("sandbox", False, done.stderr.strip() or "llm-exec told nothing", {})
    facts = {"exit_code": result["exit_code"], "sandbox": level, "duration_s": result["duration_s"]}
    if result["exit_code"] != 0 or level == "none":
        reason = result.get("setup_error", {}).get("message") or result["stderr"].strip()
        return Step("sandbox", False, f"{reason or 'it failed'} (sandbox: {level})", facts)
    cost = f"{result['duration_s'] * 1000:.0f} ms, {usage['peak_rss_bytes'] / 1e6:.0f} MB"
    return Step("sandbox", True, f"{result['stdout'].strip()}  ({level} sandbox, {cost})", facts)


def _answered() -> Step:
    """A real answer of the demo model."""
    try:
        choose()
        found = demo()
        if found is None:
            return Step("demo", False, "this installation has no demo model", {})
        model = f"file:{found.file}"
        response = LLMClient(LLMConfig(model=model, temperature=0.0), env=_plain()).generate_sync(QUESTION)
    except LlmxError as error:
        return Step("demo", False, f"{error.message}\n  {error.hint or ''}".rstrip(), {})
    return Step("demo", True, response.content, {"question": QUESTION, "answer": response.content, "demo": True})


def _plain() -> dict[str, str]:
    """The environment without what chooses another model."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLM_")}
