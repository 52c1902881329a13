"""The six steps in ``examples/getting-started`` run as they stand, and every file in ``examples`` is run by a test."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.demo import PATH as DEMO
from llmx.templates.cases import cases_of
from llmx.templates.sources import BUILT_IN, find
from tests.cli import inside
from tests.core.policy.test_guide import EXAMPLES as RULES
from tests.models.hub import Hub

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
STEPS = EXAMPLES / "getting-started"
REPO = "acme/demo-GGUF"
PATIENCE_S = 600
"""All six are to take less than ten minutes; here each of them is given that long."""

FOUND = {
    "file": "app.py",
    "line": 5,
    "severity": "high",
    "message": "a shell runs what the caller says",
    "evidence": "return os.system(command)",
}
RUN_BY = {
    "agents": "tests/exec/deps/test_agents_examples.py",
    "ci": "tests/test_ci_examples.py",
    "demo_model": "tests/test_getting_started.py",
    "getting-started": "tests/test_getting_started.py",
    "llmx.toml": "tests/test_getting_started.py",
    "local_models": "tests/test_local_model_examples.py",
    "nix": "tests/nix/test_values.py",
}
"""What lies in ``examples`` -> the test that runs it."""


@pytest.fixture
def machine(ordinary_user, in_the_open):
    """A new user's machine: a HOME, llmx and llm-exec on the PATH, no model and no key."""
    (in_the_open / "bin").mkdir()
    for name, words in (("llmx", "llmx"), ("llm-exec", "llmx exec")):
        program = in_the_open / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {words} "$@"\n')
        program.chmod(0o755)
    for path in (in_the_open, *in_the_open.rglob("*")):
        os.chown(path, ordinary_user.pw_uid, ordinary_user.pw_gid)
    env = {
        "HOME": str(in_the_open),
        "TMPDIR": str(in_the_open),
        "PATH": f"{in_the_open}/bin:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "OLLAMA_HOST": "127.0.0.1:9",
    }
    who = {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid} if os.geteuid() == 0 else {}

    def run(number, *words, said=None, **more):
        if said is not None:
            more["LLMX_MOCK_SCRIPT"] = str(in_the_open / ".script.jsonl")
            text = said if isinstance(said, str) else json.dumps(said)
            entry = said if "error" in said else {"text": text}
            Path(more["LLMX_MOCK_SCRIPT"]).write_text(json.dumps(entry) + "\n")
        (step,) = STEPS.glob(f"{number:02}-*.sh")
        done = subprocess.run(
            ["/bin/sh", "-s", *words],
            input=step.read_text(),
            env={**env, **more},
            cwd=in_the_open,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            **who,
        )
        left = [path.name for path in in_the_open.iterdir() if not path.name.startswith(".") and path.name != "bin"]
        assert left == [], "an example cleans up"
        return done

    return run


def succeeded(done):
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.promise("S2-94")
def test_1_a_command_writes_in_its_folder_and_does_not_see_the_home(machine):
    out = succeeded(machine(1))
    assert out.splitlines()[0] == "written in the sandbox"
    result = next(json.loads(line) for line in out.splitlines() if line.startswith("{"))
    assert (result["status"], result["stdout"]) == ("ok", "written in the sandbox\n")
    assert out.splitlines()[-1] == "your home folder stays private"


@pytest.mark.promise("S2-94")
def test_2_the_demo_model_answers(machine):
    first, second = succeeded(machine(2)).splitlines()
    assert first == "The capital of France is Paris."
    assert json.loads(second)["backend"] == "gguf"


@pytest.mark.promise("S2-94")
def test_3_a_model_is_looked_at_fetched_and_asked(machine):
    served = Hub({REPO: {"demo-Q8_0.gguf": Path(DEMO).read_bytes(), "README.md": b"hello"}})
    try:
        out = succeeded(machine(3, f"hf:{REPO}:Q8_0", HF_ENDPOINT=served.url))
    finally:
        served.close()
    assert "The capital of France is Paris." in out
    assert REPO in out


@pytest.mark.promise("S2-94")
@pytest.mark.parametrize(
    ("said", "code", "last"),
    [
        ({"findings": []}, 0, "nothing to report"),
        ({"findings": [FOUND]}, 0, "findings, see review.sarif"),
        ({"error": "unavailable"}, 0, "inconclusive: no model has answered, so nothing is known"),
        ("I am a teapot", 7, "it could not be done (exit 7)"),
    ],
)
def test_4_a_review_tells_clean_findings_and_inconclusive_apart(machine, said, code, last):
    more = {"LLMX_LLM__RETRY__TRIES": "1", "LLMX_LLM__REPAIR": "0"}
    done = machine(4, "mock/any", said=said, **more)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == last


@pytest.mark.promise("S2-94")
def test_5_an_agent_answers_and_others_are_told_of_llm_exec(machine):
    out = succeeded(machine(5, "mock", "any"))
    assert "Mock response to: What is a sandbox?" in out
    assert "llm-exec --json -- CMD ARGS" in out


@pytest.mark.promise("S2-94")
def test_6_a_template_of_ones_own_runs_and_has_a_golden_case(machine):
    out = succeeded(machine(6, "mock"))
    assert "# Summary\n" in out
    assert re.search(r"^same +sum-up: example$", out, re.MULTILINE)


@pytest.mark.promise("S2-94")
def test_there_are_six_steps_and_readers_are_told_of_each():
    steps = sorted(path.name for path in STEPS.glob("*.sh"))
    assert [int(name[:2]) for name in steps] == [1, 2, 3, 4, 5, 6]
    told = (STEPS / "README.md").read_text()
    chapter = (ROOT / "llmx/data/guide/getting-started.md").read_text()
    for name in steps:
        assert f"({name})" in told
        assert f"`{name}`" in chapter
    assert "(examples/getting-started)" in (ROOT / "README.md").read_text()


@pytest.mark.promise("S2-94")
def test_every_example_is_run_by_a_test():
    tracked = subprocess.run(["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = {line.split("/")[1] for line in tracked.stdout.splitlines()} or {path.name for path in EXAMPLES.iterdir()}
    assert found == RUN_BY.keys()
    for name, test in RUN_BY.items():
        assert name in (ROOT / test).read_text(), test


def commands(path):
    """The commands of llmx in the shell blocks of a text, or in a script."""
    text = path.read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if path.suffix == ".md" else [text]
    return re.findall(r"^(?:if )?(?:llmx|llm-exec) .*", "\n".join(blocks), re.MULTILINE)


def worked_chapters():
    """The chapters of templates whose example a test runs."""
    for test in (ROOT / "tests/templates").glob("test_*.py"):
        if "def test_the_example_of_the_guide_runs" in test.read_text():
            yield ROOT / "llmx/data/guide" / f"{test.stem.removeprefix('test_').replace('_', '-')}.md"


@pytest.mark.promise("S2-94")
def test_there_are_more_than_sixty_examples_that_run_and_twelve_chapters():
    run = {
        "commands of the six steps": sum(len(commands(step)) for step in STEPS.glob("*.sh")),
        "recipes for agents": len(commands(EXAMPLES / "agents/README.md")),
        "programs": len(list((EXAMPLES / "local_models").glob("*.py"))),
        "jobs of CI": len(list((EXAMPLES / "ci").glob("*.yml"))),
        "rules of the guide, with what they do": len(RULES),
        "golden cases of templates": sum(len(cases_of(find(name))) for name in BUILT_IN),
        "commands of worked examples": sum(len(commands(chapter)) for chapter in worked_chapters()),
    }
    assert min(run.values()) > 0
    assert sum(run.values()) >= 60, run
    assert len(list((ROOT / "llmx/data/guide").glob("*.md"))) >= 12


def test_the_settings_file_of_the_examples_is_taken_also_with_every_key_in_it(tmp_path):
    text = (EXAMPLES / "llmx.toml").read_text()
    whole = tmp_path / "config.toml"
    whole.write_text(re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.MULTILINE))
    assert len(whole.read_text()) < len(text)
    for file in (EXAMPLES / "llmx.toml", whole):
        done = inside.llmx("config", "validate", "--file", str(file))
        assert done.returncode == 0, done.stderr


def test_the_text_of_the_demo_model_is_made_by_its_script():
    """Training takes PyTorch and six minutes, which no test has; ``tests/core/test_demo.py`` has what came of it."""
    code = "import json; from corpus import documents; print(json.dumps(list(documents(50))))"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLES / "demo_model", capture_output=True, text=True, check=True
    )
    texts = json.loads(made.stdout)
    assert len(texts) == 50
    assert any("capital" in text for text in texts)
