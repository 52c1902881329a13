"""The contract that CI trusts: what did not run is never 0, and every report says so."""

import asyncio
import errno
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.errors import ConfigError
from llmx.templates import materials
from llmx.templates.judging import HARMLESS
from tests.templates.conftest import llmx, perform
from tests.templates.model import Model

AM_ROOT = os.getuid() == 0
SARIF = json.loads((Path(__file__).parents[1] / "data" / "sarif-2.1.0.json").read_text())
CODE = "import os\n\n\ndef run(command):\n    return os.system(command)\n"
FOUND = {"file": "a.py", "line": 5, "severity": "high", "message": "m", "evidence": "return os.system(command)"}
INVENTED = {**FOUND, "evidence": "password = 'hunter2'"}


@pytest.fixture
def code(alone, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(CODE)
    return tmp_path / "src"


def findings(*found):
    return json.dumps({"findings": list(found)})


def review(answer, *words, **env):
    """What came of a review by a model that always says ``answer``, and what was said on stderr."""
    reports = ["--report", "sarif=o.sarif", "--report", "junit=o.xml", "--report", "github=o.txt"]
    options = ["--param", "aspects=security", "--param", "code_path=src", "--output", "json", *reports]
    with Model(lambda body: answer) as model:
        named = ["--backend", "openai", "--model", "gpt-4o-mini", "--api-base", model.url]
        named = [] if answer is None else named
        done = llmx("exec", "code-review", *named, *options, *words, OPENAI_API_KEY="k", **env)
    return done, json.loads(done.stdout)


WAYS = [
    ("no model is configured", None, [], {}, 3, "no model is configured"),
    ("the backend is down", None, ["--backend", "ollama", "--model", "m"], {}, 3, "no connection"),
    ("the provider fails", 500, [], {}, 3, "HTTP 500"),
    ("the quota is spent", 429, [], {}, 3, "quota"),
    ("the key is refused", 401, [], {}, 3, "401"),
    ("all answers are dropped", findings(INVENTED), [], {}, 3, "all 1 findings of the model were dropped"),
    ("the answer is empty", "", [], {}, 7, "does not fit the schema"),
    ("the answer is garbage", "I would rather not.", [], {}, 7, "does not fit the schema"),
    ("the answer is a verdict", '{"findings": [], "exit_code": 0}', [], {}, 7, "does not fit the schema"),
    ("the answer is a call of a tool", [("read_file", {"path": "/etc/passwd"})], [], {}, 3, "tool 'read_file'"),
    ("the budget is too small", findings(), ["--max-tokens-total", "10"], {}, 6, "--max-tokens-total"),
    ("the price is not known", findings(), ["--max-cost", "1"], {}, 6, "is not known"),
    ("there is no time", findings(), ["--timeout", "0.001"], {}, 124, "time"),
    (
        "a mock answers that nobody has named",
        None,
        ["--backend", "no-such-backend"],
        {"LLMX_ALLOW_MOCK_FALLBACK": "1"},
        7,
        "mock",
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=[way[0] for way in WAYS])
def test_what_did_not_run_is_never_0_and_every_report_says_so(code, tmp_path, way):
    _, answer, words, env, rc, said = way
    done, told = review(answer, *words, **env)
    assert (done.returncode, told["exit_code"]) == (rc, rc)
    assert told["outcome"] in ("inconclusive", "failed")
    assert said in told["metadata"]["problem"]
    assert said in done.stderr
    assert all(told["provenance"][key] for key in ("llmx", "template", "version", "template_digest", "input_digest"))
    sarif = json.loads((tmp_path / "o.sarif").read_text())
    jsonschema.validate(sarif, SARIF)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False
    suite = ET.fromstring((tmp_path / "o.xml").read_text()).find("testsuite")
    assert suite is not None
    assert (suite.get("errors"), suite.get("failures")) == ("1", "0")
    assert (tmp_path / "o.txt").read_text().startswith("::error title=code-review::")


def test_a_mock_that_nobody_has_named_concludes_nothing(own, alone, monkeypatch):
    monkeypatch.setenv("LLMX_ALLOW_MOCK_FALLBACK", "1")
    name = own('[[phases]]\nid = "ask"\nprompt = "ask.j2"\n', ask_j2="n?")
    result = perform(name, client=LLMClient(LLMConfig(backend="no-such-backend")))
    assert (result.outcome, result.exit_code) == ("inconclusive", 3)
    assert "was not named" in result.problem
    assert perform(name).exit_code == 0, "one that was named is another thing"


@pytest.mark.parametrize(("words", "rc"), [([], 3), (["--min-coverage", "50"], 0), (["--min-coverage", "0"], 0)])
def test_what_could_not_be_read_counts(code, words, rc):
    (code / "b.py").write_bytes(b"\xff\xfe")
    done, told = review(findings(), *words)
    assert (done.returncode, told["outcome"]) == (rc, "clean" if rc == 0 else "inconclusive")


def shut(monkeypatch, name):
    """A folder of that name cannot be read, not by root either."""
    real = os.scandir

    def scandir(path="."):
        if isinstance(path, str) and os.path.basename(path) == name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_could_not_be_read_counts(code, monkeypatch):
    (code / "shut").mkdir()
    shut(monkeypatch, "shut")
    done, told = review(findings())
    assert (done.returncode, told["outcome"]) == (3, "inconclusive")
    assert [(each["path"], each["read"]) for each in told["coverage"]] == [("shut", False), ("a.py", True)]
    coverage: list[dict[str, Any]] = []
    found = materials.files([str(code)])
    for file, is_named in found:
        asyncio.run(materials.read_file(file, coverage, is_named=is_named))
    assert [os.path.basename(each["path"]) for each in coverage if not each["read"]] == ["shut"]
    assert not {each["reason"] for each in coverage} & set(HARMLESS)


COVERAGE = """
import json, pathlib
from llmx.templates.builtin.code_review.sources import of_files
coverage = []
list(of_files(pathlib.Path("src"), coverage))
print(json.dumps({each["path"]: each["reason"] for each in coverage}))
"""


def test_what_git_cannot_look_into_counts(in_the_open, ordinary_user):
    """It says so on stderr, ends with 0, and the files that it knows in there look as if they were removed."""
    for name in ("a.py", "gone.py", "known/b.py", "listed/c.py", "new/d.py"):
        file = in_the_open / "src" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(CODE)
    commands = ["git init -q", "git add src/a.py src/gone.py src/known src/listed", "rm src/gone.py"]
    commands += ["chmod 0 src/known src/new", "chmod 444 src/listed", f"{sys.executable} -c '{COVERAGE}'"]
    other = {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid, "extra_groups": []} if AM_ROOT else {}
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "LANG": "de_DE.UTF-8"}
    if AM_ROOT:
        subprocess.run(["chown", "-R", str(ordinary_user.pw_uid), in_the_open], check=True)
    done = subprocess.run(
        ["sh", "-ec", "\n".join(commands)], cwd=in_the_open, env=env, capture_output=True, check=True, **other
    )
    (in_the_open / "src/known").chmod(0o755)
    (in_the_open / "src/new").chmod(0o755)
    denied = dict.fromkeys(
        ("src/known", "src/known/b.py", "src/listed/c.py", "src/new"), "it cannot be read: Permission denied"
    )
    assert json.loads(done.stdout) == {"src/a.py": "", **denied}


def test_findings_that_hold_are_told_also_where_the_run_is_inconclusive(code):
    (code / "b.py").write_bytes(b"\xff\xfe")
    done, told = review(findings(FOUND, INVENTED))
    assert (done.returncode, told["checks"]["verified"], told["checks"]["unverified"]) == (3, 1, 1)
    assert [each["line"] for each in told["result"]["findings"]] == [5]


def test_a_diff_that_changes_nothing_was_no_review(code):
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(code), *words], check=True)
    done, told = review(findings(), "--diff", "HEAD...HEAD")
    assert (done.returncode, told["metrics"]["model_calls"]) == (3, 0)
    assert "changes nothing" in told["metadata"]["problem"]


def test_a_shallow_clone_is_named_with_the_fix(code, tmp_path):
    for words in (["init", "-q"], ["add", "."], *(["commit", "-qm", str(n), "--allow-empty"] for n in range(3))):
        subprocess.run(["git", "-C", str(code), "-c", "user.name=a", "-c", "user.email=b", *words], check=True)
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{code}", "shallow"], check=True)
    done, told = review(findings(), "--diff", "HEAD~2...HEAD", "--param", "code_path=shallow")
    assert done.returncode == 3
    assert "fetch-depth: 0" in told["metadata"]["problem"]


CODE_PHASE = '[[phases]]\nid = "a"\nrun = "phases:a"\n'
FAULTS = [
    ("def a(context):\n    return {}['x']\n", 1, "phase a: KeyError: 'x'"),
    ("def b(context):\n    return 1\n", 1, "has no a"),
    ("import nothing_of_the_kind\n", 1, "nothing_of_the_kind"),
    ("def a(context:\n", 1, "SyntaxError"),
    ("import asyncio\nasync def a(context):\n    await asyncio.wait_for(asyncio.sleep(9), 0.01)\n", 1, "took too long"),
    ("import sys\ndef a(context):\n    sys.exit(0)\n", 1, "phase a: SystemExit"),
]


@pytest.mark.parametrize(("text", "rc", "said"), FAULTS)
def test_a_fault_in_a_template_ends_its_phase_with_the_name(own, alone, text, rc, said):
    result = perform(own(CODE_PHASE, text))
    assert (result.exit_code, result.failed_phase, result.outcome) == (rc, "a", "failed")
    assert said in result.problem


def test_the_phase_that_failed_is_named_and_not_one_that_was_stopped_for_it(own, alone):
    phases = '[[phases]]\nid = "long"\nrun = "phases:long"\n[[phases]]\nid = "bad"\nneeds = []\nrun = "phases:bad"\n'
    code = """
        import asyncio
        begun = asyncio.Event()
        async def long(context):
            begun.set()
            await asyncio.sleep(60)
        async def bad(context):
            await begun.wait()
            raise ValueError("broken")
        """
    result = perform(own(phases, code))
    assert (result.failed_phase, result.exit_code) == ("bad", 1)
    assert [each["status"] for each in result.phases] == ["stopped", "failed"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('retries = "x"', "retries"),
        ("retries = -1", "retries"),
        ("timeout = 0", "timeout"),
        ("share = 1.5", "share"),
        ("share = 0", "share"),
        ("max_tokens = true", "max_tokens"),
        ('id = "a/b"', "id"),
        ('id = "a b"', "id"),
    ],
)
def test_a_phase_with_a_wrong_value_is_refused_before_anything_runs(own, alone, line, said):
    phase = CODE_PHASE.replace('id = "a"', line) if line.startswith("id") else f"{CODE_PHASE}{line}\n"
    with pytest.raises(ConfigError, match=said):
        perform(own(phase, "def a(context):\n    return 1\n"))
