"""Run templates in this process, with a model that says what a script says."""

import asyncio
import json
import os

from llmx.core.backends.mock import SCRIPT
from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.templates.running import RunOptions, execute


def scripted(tmp_path, entries):
    """The environment in which the mock says these: texts, values that it says as JSON, or entries of a script."""
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps(_entry(each)) + "\n" for each in entries))
    return {**os.environ, SCRIPT: str(script)}


def script(tmp_path, monkeypatch, *entries):
    """Let the mock say these from now on."""
    monkeypatch.setenv(SCRIPT, scripted(tmp_path, entries)[SCRIPT])


def _entry(said):
    if isinstance(said, str):
        return {"text": said}
    is_entry = isinstance(said, dict) and {"text", "events", "error", "context"} & said.keys()
    return said if is_entry else {"text": json.dumps(said)}


def played(name, parameters, env=None, *, backend="mock", model=None, limits=None, **options):
    """The result of a template; ``options`` are those of a run, ``limits`` those of calls."""
    env = env or dict(os.environ)
    calls = Calls(active({}, "/").values, limits or CallOptions(), env=env)
    client = LLMClient(LLMConfig(backend=backend, model=model, enable_cache=False), calls=calls, env=env)
    return asyncio.run(execute(name, parameters, client, RunOptions(**options)))
