"""Run a template here, asked of a model that says what a script says, and look at what it was sent."""

import asyncio
import json

from llmx.core.calls import Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.templates.running import PLAIN, execute


def run(name, parameters, *, backend="mock", model=None, options=PLAIN):
    """The result of a run."""
    config = LLMConfig(backend=backend, model=model, enable_cache=False)
    client = LLMClient(config, calls=Calls(active({}, "/").values))
    return asyncio.run(execute(name, parameters, client, options))


def script(tmp_path, monkeypatch, *answers):
    """Let the mock say these, in turn: texts, JSON values, or whole entries of a script (``{"error": …}``)."""
    entries = []
    for answer in answers:
        is_entry = isinstance(answer, dict) and {"text", "error", "events", "context"} & answer.keys()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        entries.append(answer if is_entry else {"text": text})
    file = tmp_path / "script.jsonl"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(file))
