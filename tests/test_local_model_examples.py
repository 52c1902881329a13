"""The examples with local models run, and the guide's table of troubles quotes what llmx really says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.core.backends.recorded import ollama as ollama_answer
from tests.core.backends.server import ModelServer, head, sse, whole
from tests.core.mlx.scripted import write_scripted
from tests.models.conftest import REPO, content, hub  # noqa: F401  # fixtures

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = (ROOT / "llmx/data/guide/local-models.md").read_text()
QUOTED = re.findall(r"^\| `([^`]+)` \|", CHAPTER, re.MULTILINE)


def example(name, *words, **env):
    return subprocess.run(
        [sys.executable, ROOT / "examples/local_models" / name, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )


def llmx(*words, **env):
    return forked.run(
        [sys.executable, "-m", "llmx", *words],
        text=True,
        env={**os.environ, **env},
    )


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


def test_gguf():
    done = example("ask_gguf.py")
    assert (done.returncode, done.stdout) == (0, "The capital of France is Paris.\n"), done.stderr


def test_ollama(server):
    server.answer([head("application/x-ndjson"), ollama_answer(["It ", "scatters."])])
    server.by_path = {"/api/show": whole({"model_info": {}})}
    done = example("ask_ollama.py", "m-1", OLLAMA_HOST=server.url)
    assert (done.returncode, done.stdout) == (0, "It scatters.\n"), done.stderr


def test_remote(server):
    piece = {
        "id": "1",
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": "Paris."}, "finish_reason": "stop"}],
    }
    server.answer([head(), sse(piece, "[DONE]")])
    done = example("ask_remote.py", f"{server.url}/v1", "m", SERVER_KEY="k")
    assert (done.returncode, done.stdout) == (0, "Paris.\n"), done.stderr
    assert server.asked[0].json["model"] == "m"
    assert server.asked[0].headers["authorization"] == "Bearer k"


def test_mlx(tmp_path):
    folder = write_scripted(tmp_path / "tiny-4bit", ["Paris."])
    done = example("ask_mlx.py", f"file:{folder}/", MLX_DISABLE_COMPILE="1")
    assert (done.returncode, done.stdout) == (0, "Paris.\n"), done.stderr


def test_mlx_says_what_is_missing_where_it_is():
    done = example("ask_mlx.py", "hf:acme/none-4bit")
    assert done.returncode in (3, 4)
    assert "acme/none-4bit" in done.stderr or "mlx" in done.stderr


def no_engine(_):
    code = "from llmx.core.runner import engines; engines.installed = lambda: []; engines.choose()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def gated(served):
    served.gated.add(REPO)
    return llmx("model", "pull", f"hf:{REPO}")


def full_disk(_):
    code = (
        "import os; from llmx.models.partial import require_space\n"
        "os.statvfs = lambda path: os.statvfs_result((1,) * 3 + (0,) * 8)\nrequire_space('.', 5_000_000_000)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


PROVOKED = {
    "is not installed": no_engine,
    "is not on this machine": lambda _: llmx("generate", "hi", "--model", "hf:acme/none/x.gguf"),
    "Ollama does not answer": lambda _: llmx("model", "pull", "ollama/x:1b", OLLAMA_HOST="127.0.0.1:9"),
    "has no Q6_K": lambda _: llmx("model", "pull", f"hf:{REPO}:Q6_K"),
    "is gated": gated,
    "MB free": full_disk,
}


def test_each_entry_of_the_guide_is_provoked():
    assert sorted(PROVOKED) == sorted(QUOTED)
    assert len(QUOTED) == 6


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_the_guide_quotes_is_what_is_said(hub, quoted):  # noqa: F811
    done = PROVOKED[quoted](hub)
    assert done.returncode != 0
    assert quoted in done.stderr
