"""No secret gets through to the log, stored output, errors, traces, records or reports."""

import json
import os
import subprocess
import sys

import pytest

from llmx.core.redact.spans import MASK
from tests.redaction.conftest import REPOSITORY
from tests.redaction.secrets import CASES, ORDINARY

SINKS = {
    "audit log": "audited",
    "stored output": "stored",
    "errors": "refused",
    "trace": "traced",
    "run records": "recorded",
    "reports": "reported",
}


def test_forty_shapes_of_secrets_are_tried():
    assert len({case.name.partition(" ")[0] for case in CASES}) >= 40
    assert len({case.secret for case in CASES}) == len(CASES)
    assert all(any(case.secret in word for word in case.words) for case in CASES)


@pytest.mark.promise("S0-25")
@pytest.mark.parametrize("sink", SINKS)
def test_no_secret_is_shown_and_what_is_none_is(request, sink):
    told = request.getfixturevalue(SINKS[sink])
    for case, shown in zip(CASES, told, strict=False):
        assert case.secret not in shown, case.name
        assert MASK in shown or sink == "errors", f"{case.name}: the sink does not show the words at all"
        assert shown, case.name
    assert len(told) == len(CASES) + 1
    if sink != "errors":
        assert [word for word in ORDINARY if word not in told[-1] and json.dumps(word)[1:-1] not in told[-1]] == []
        assert MASK not in told[-1]


def test_an_error_quotes_what_was_typed_but_for_the_secret(refused):
    quoting = [text for text in refused if MASK in text]
    assert len(quoting) >= 40
    assert all("error" in text for text in refused[:-1])


def test_nothing_in_the_home_folder_holds_a_secret(sinks, audited, kept):
    files = [file for file in sinks.home.rglob("*") if file.is_file()]
    assert len(files) > 1
    for file in files:
        text = file.read_bytes()
        assert not [case.name for case in CASES if case.secret.encode() in text], file


def test_the_commands_own_output_reaches_the_caller_as_it_is(sinks):
    secret = CASES[0].words[0]
    done = sinks.llm_exec("--no-sandbox", "--json", "--", "echo", secret)
    result = json.loads(done.stdout)
    assert result["stdout"] == secret + "\n"
    assert secret not in " ".join(result["argv"])


DEFECTS = {
    "llmx": "from llmx.cli import app; app.get_command = defect; app.open_tree()",
    "llm-exec": "import llmx.exec; llmx.exec.build = defect; llmx.exec.Run = defect; llmx.exec.main(['true'])",
}


@pytest.mark.parametrize("way", DEFECTS)
def test_the_traceback_of_a_defect_is_masked(way, home):
    secret = CASES[0].words[0]
    code = f"""if True:
        import sys
        def defect(*_, **__):
            raise RuntimeError("--token hunter2-and-more " + {secret!r} + " " + sys.argv[-1])
        """
    argv = [sys.executable, "-c", code + DEFECTS[way], "--password", "swordfish"]
    done = subprocess.run(
        argv, env={**os.environ, "LLMX_DEBUG": "1"}, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert f"RuntimeError: --token {MASK}" in done.stderr
    assert not any(text in done.stderr for text in ("hunter2-and-more", secret, "swordfish"))


def test_a_hint_that_quotes_the_command_line_is_masked(sinks):
    done = sinks.llm_exec("--no-sandbox", "--", "sh", "-c", "exit 1", "--token", "swordfish-1", "&&", "ls")
    assert "runs a shell line" in done.stderr
    assert "swordfish" not in done.stderr


def test_a_program_that_is_missing_is_named_without_the_secret(sinks):
    done = sinks.llm_exec("--no-sandbox", "--json", "--", "API_KEY=swordfish-1", "run")
    assert json.loads(done.stdout)["setup_error"]["message"] == f"API_KEY={MASK} no such command"
    assert "swordfish" not in done.stdout + "\n".join(sinks.log())
