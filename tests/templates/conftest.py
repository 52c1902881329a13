"""A template of one's own, and ways to run it."""

import asyncio
import textwrap

import pytest

from llmx.core.calls import CallOptions, Calls
from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.core.settings import active
from llmx.templates.running import RunOptions, execute
from tests.cli import inside

NO_PAUSE = {"LLMX_LLM__RETRY__FIRST": "0.01"}
"""A call that fails is made as often as ever, and nobody waits."""

HEAD = 'id = "own"\nversion = "1"\ncategory = "test"\ndescription = "d"\n'


@pytest.fixture(autouse=True)
def without_pauses(home, monkeypatch):
    for name, value in NO_PAUSE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def own(tmp_path):
    """A template of one's own: writes its files, and says its path."""

    def make(phases, code="", head=HEAD, **files):
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / "template.toml").write_text(head + textwrap.dedent(phases))
        (tmp_path / "own" / "phases.py").write_text(textwrap.dedent(code))
        for name, text in files.items():
            (tmp_path / "own" / name.replace("_j2", ".j2")).write_text(text)
        return f"{tmp_path}/own"

    return make


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """No model but what a test names, and no repository around its folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


def asked_of(url="", model="gpt-4o-mini", **limits):
    """A client of the mock, or of a model at ``url`` that is priced as OpenAI's are."""
    named = {"backend": "openai", "model": model, "api_base": url, "api_key": "k"} if url else {"backend": "mock"}
    calls = Calls(active(NO_PAUSE, "/").values, CallOptions(**limits))
    return LLMClient(LLMConfig(enable_cache=False, **named), calls=calls)


def perform(name, parameters=None, client=None, **options):
    """Run a template in this process."""
    return asyncio.run(execute(name, parameters or {}, client or asked_of(), RunOptions(**options)))


def llmx(*words, text=None, **env):
    """The command, inside of this process."""
    return inside.llmx("template", *words, text=text, **env)
