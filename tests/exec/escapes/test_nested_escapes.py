"""Inside its own sandbox llm-exec can only tighten: no flag, variable or file of the inner one opens anything."""

import sys

import pytest

from tests.exec.escapes.levels import INSIDE, environment, words
from tests.exec.escapes.scene import LLM_EXEC

LOOSER = {
    "no sandbox": ["--no-sandbox"],
    "privileged": ["--level", "privileged"],
    "reading": ["--read", "{home}/.ssh"],
    "writing": ["--write", "{home}/.ssh"],
    "the network": ["--net", "host"],
    "a variable": ["--env", "AWS_SECRET_ACCESS_KEY"],
    "everything": ["--no-sandbox", "--net", "host", "--level", "privileged", "--read", "{home}/.ssh"],
}
PROBE = """
echo probe-ran
cat {home}/.ssh/id_ed25519 2>&1
echo "$AWS_SECRET_ACCESS_KEY"
touch {elsewhere}/made 2>&1
exec 3<>/dev/tcp/127.0.0.1/{port} && echo {token} >&3
true
"""


@pytest.fixture
def probed(scene):
    """Something to read, to write, to reach, and the program that tries all of it."""
    scene.give_text(scene.home / ".ssh/id_ed25519", scene.secret, mode=0o600)
    scene.listen("tcp", 2, 1, ("127.0.0.1", 0))
    scene.env["AWS_SECRET_ACCESS_KEY"] = scene.secret
    probe = ["bash", "-c", PROBE.format(**{**scene.at, "port": scene.port("tcp")})]

    def reached(command, *, may_be_refused=False):
        """What a run of the probe reached."""
        ran = scene.place.run(program=command(probe), cwd=scene.work, env=scene.env)
        assert may_be_refused or b"probe-ran" in ran.out, ran
        made = scene.elsewhere / "made"
        return {
            "secret": scene.secret in ran.out.decode() + ran.err.decode(),
            "file": made.exists(),
            "network": scene.heard("tcp"),
        }, ran

    return reached


def test_the_probe_reaches_all_of_it_unconfined(probed):
    assert probed(lambda probe: words("control", probe))[0] == {"secret": True, "file": True, "network": True}


@pytest.mark.parametrize("level", ["full", "landlock", "restricted"])
def test_the_probe_reaches_nothing_confined(probed, scene, level):
    scene.env |= environment(level, scene)
    assert probed(lambda probe: words(level, probe))[0] == {"secret": False, "file": False, "network": False}


@pytest.mark.parametrize("flags", LOOSER.values(), ids=LOOSER)
def test_flags_of_an_inner_llm_exec_open_nothing(probed, scene, flags):
    flags = [flag.format(home=scene.home) for flag in flags]
    nested = lambda probe: [*LLM_EXEC, *INSIDE, "--", *LLM_EXEC, *flags, "--", *probe]  # noqa: E731
    assert probed(nested, may_be_refused=True)[0] == {"secret": False, "file": False, "network": False}


def test_settings_that_a_command_writes_open_nothing(probed, scene):
    """A project's settings file, and one that an inner llm-exec is given."""
    scene.give_text(
        scene.work / "llmx.toml",
        '[exec]\nnet = "host"\nwrite = ["/"]\nread = ["/"]\nenv_allow = ["AWS_SECRET_ACCESS_KEY"]\n'
        '[exec.isolation]\nenabled = false\n[exec.policy]\nlevel = "privileged"\n',
    )
    reached, _ = probed(lambda probe: words("full", probe), may_be_refused=True)
    assert reached == {"secret": False, "file": False, "network": False}


@pytest.mark.parametrize(
    "variable",
    ["LLMX_EXEC__ISOLATION__ENABLED=false", "LLMX_EXEC__NET=host", "LLMX_INSIDE=1", "LLMX_SANDBOX=1", "container=llmx"],
)
def test_variables_that_say_it_is_confined_already_are_not_believed_inside(probed, variable):
    nested = lambda probe: [  # noqa: E731
        *[*LLM_EXEC, *INSIDE, "--"],
        *["env", variable, *LLM_EXEC, "--", *probe],
    ]
    assert probed(nested)[0] == {"secret": False, "file": False, "network": False}


def test_a_variable_taken_from_inside_does_not_open_the_next_run_outside(probed, scene):
    """Whatever llm-exec sets inside to know itself by, the same outside confines as ever."""
    inside = scene.place.run(program=words("full", ["env"]), cwd=scene.work).out.decode()
    own = [line for line in inside.splitlines() if line.startswith(("LLMX", "LLM_", "container"))]
    reached, _ = probed(lambda probe: ["env", *own, *words("full", probe)])
    assert reached == {"secret": False, "file": False, "network": False}


def test_three_of_them_in_one_another_confine_like_one(probed):
    inner = [*LLM_EXEC, "--"]
    nested = lambda probe: [*LLM_EXEC, *INSIDE, "--", *inner, *inner, *probe]  # noqa: E731
    assert probed(nested)[0] == {"secret": False, "file": False, "network": False}


def test_the_exit_code_comes_through_three_of_them(scene):
    command = [*LLM_EXEC, *INSIDE, "--", *LLM_EXEC, "--", *LLM_EXEC, "--", sys.executable, "-c", "raise SystemExit(7)"]
    assert scene.place.run(program=command, cwd=scene.work).code == 7


def test_an_inner_run_says_that_it_stands_in_an_outer_ones_sandbox(scene):
    ran = scene.place.run(program=[*LLM_EXEC, *INSIDE, "--", *LLM_EXEC, "--json", "--", "true"], cwd=scene.work)
    assert ran.result["sandbox"]["level"] == "inherited"


def test_the_inner_runs_lines_are_in_the_outer_runs_log(scene):
    command = [*LLM_EXEC, *INSIDE, "--", *LLM_EXEC, "--", "echo", f"mark-{scene.token}"]
    assert scene.place.run(program=command, cwd=scene.work).code == 0
    lines = [line for line in scene.place.audit() if "outer" in line]
    assert [line["event"] for line in lines] == ["start", "end"]
    assert lines[0]["argv"] == ["echo", f"mark-{scene.token}"]
    assert {line["outer"] for line in lines} == {scene.place.audit()[0]["run_id"]}
