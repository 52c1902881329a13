"""A file that is named and is not there is exit 4, whichever command it is named to and by which option."""

import pytest

from tests.cli import inside

EXEC = ["template", "exec", "code-review", "--backend", "mock"]
PROMPT = ["template", "exec", "./p.prompt.yml", "--backend", "mock"]
ANSWER = ["generate", "hi", "--backend", "mock"]

NAMED = [
    [*EXEC, "--replay", "gone"],
    [*EXEC, "--baseline", "gone"],
    [*EXEC, "--params-file", "gone"],
    [*EXEC, "--param", "code_path=gone"],
    [*EXEC, "--param", "code_path=@gone"],
    [*PROMPT, "--param", "x=@gone"],
    ["template", "exec", "./gone"],
    ["template", "exec", "gone.prompt.yml"],
    ["template", "exec", "gone/SKILL.md"],
    ["template", "info", "gone.prompt.yml"],
    ["template", "estimate", "code-review", "--params-file", "gone"],
    ["template", "import", "gone.prompt.yml"],
    ["template", "import", "gone"],
    ["template", "test", "./gone"],
    ["template", "batch", "code-review", "gone", "--backend", "mock"],
    ["template", "exec", "data-analysis", "--backend", "mock", "--param", "data_file=gone"],
    ["template", "exec", "document-processor", "--backend", "mock", "--param", "document_paths=gone"],
    ["workflow", "run", "gone"],
    ["workflow", "validate", "gone"],
    ["workflow", "run", "w.yaml", "--input", "x=@gone"],
    ["generate", "@gone", "--backend", "mock"],
    [*ANSWER, "--replay", "gone"],
    [*ANSWER, "--image", "gone"],
    [*ANSWER, "--schema", "gone"],
    [*ANSWER, "--system", "@gone"],
    ["generate", "hi", "--backend", "gguf", "--model", "file:gone.gguf"],
    ["chat", "--backend", "mock", "--replay", "gone"],
    ["embed", "@gone", "--backend", "mock"],
    ["agent", "import", "gone"],
    ["session", "import", "gone"],
    ["config", "import", "gone"],
    ["model", "info", "./gone.gguf"],
    ["--config", "gone", *ANSWER],
    ["trust", "gone"],
]
"""Command lines; ``gone`` is what is not there."""


@pytest.mark.parametrize("words", NAMED, ids=" ".join)
def test_a_named_file_that_is_not_there_is_4_and_is_named(words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.prompt.yml").write_text("messages: [{role: user, content: '{{x}}'}]\n")
    (tmp_path / "w.yaml").write_text("steps: [{id: a, prompt: hi}]\n")
    done = inside.llmx(*words)
    assert (done.returncode, "gone" in done.stderr) == (4, True), done
    assert not {path.name for path in tmp_path.iterdir()} - {"p.prompt.yml", "w.yaml"}


def test_what_cannot_be_written_is_2(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for words in ([*ANSWER, "--record", "no/x"], [*EXEC, "--record", "no/x"], [*EXEC, "--report", "sarif=no/x"]):
        assert inside.llmx(*words).returncode == 2
    assert list(tmp_path.iterdir()) == []
