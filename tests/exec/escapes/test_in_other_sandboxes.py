"""llm-exec inside the sandboxes of others: it runs there, as confined as it can be, and says how."""

import os
import shutil

import pytest

from tests.exec.escapes.scene import LLM_EXEC, REPOSITORY

BWRAP = [
    *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--die-with-parent"),
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
]
NPM = os.environ.get("LLMX_TEST_NPM", "")  # read before the tests get an environment of their own
NODE = os.environ.get("LLMX_TEST_NODE", "node")
WAYS = {
    "plain": [],
    "without nested namespaces": ["--disable-userns"],
    "without capabilities and in a new session": ["--cap-drop", "ALL", "--new-session"],
}


@pytest.fixture
def bwrap(scene):
    """The words of a bubblewrap in which HOME can be written to."""
    if not shutil.which("bwrap"):
        pytest.skip("NOT TESTED: bubblewrap is not installed here")
    return [*BWRAP, "--bind", str(scene.home), str(scene.home)]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_inside_a_plain_bubblewrap_it_runs_and_confines(scene, bwrap, way):
    key = scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)
    command = [*bwrap, *way, *LLM_EXEC, "--json", "--", "sh", "-c", f"echo started; cat {key}"]
    ran = scene.place.run(program=command, cwd=scene.work)
    assert ran.result["sandbox"]["level"] in ("full", "degraded"), ran
    assert "started" in ran.result["stdout"]
    assert scene.secret not in ran.out.decode()


def test_a_bubblewrap_of_somebody_else_is_not_taken_for_its_own(scene, bwrap):
    """Whatever it looks like from inside: only its own sandbox is inherited."""
    variables = ["LLMX_INSIDE=1", "LLMX_SANDBOX=full", "container=llmx"]
    command = [*bwrap, "env", *variables, *LLM_EXEC, "--json", "--", "true"]
    assert scene.place.run(program=command, cwd=scene.work).result["sandbox"]["level"] != "inherited"


def _installed(name):
    """The words that run a program which only the npm registry has."""
    program = f"{NPM}/node_modules/.bin/{name}"
    if not os.path.exists(program):
        pytest.skip(f"NOT TESTED: {name} is not here; .ci/programs brings it, where the npm registry has it")
    return [NODE, program]  # Debian's Node is too old for srt


OTHERS = {
    "srt": lambda program, command: [*program, *command],
    "codex": lambda program, command: [*program, "sandbox", "--", *command],
}


@pytest.mark.parametrize("name", OTHERS)
def test_inside_the_sandbox_of_another_agent_it_runs_and_says_how(scene, name):
    program = _installed(name)
    inner = [*LLM_EXEC, "--json", "--", "echo", "started"]
    path = f"{REPOSITORY}"
    ran = scene.place.run(program=OTHERS[name](program, inner), cwd=scene.work, env={"PYTHONPATH": path}, patience=60)
    result = ran.result
    assert result["stdout"] == "started\n", ran
    assert result["sandbox"]["level"] in ("full", "degraded"), ran
