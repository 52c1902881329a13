"""What a rule asks about runs when a person at the terminal says yes, and only then."""

import sys

import pytest

from tests.exec.test_terminal import terminal  # noqa: F401  # a fixture

LLM_EXEC = f"{sys.executable} -m llmx exec --no-sandbox"
QUESTION = r"run touch made\? \[y/N\] "


@pytest.fixture
def asking(place):
    (place.folder / ".config/llmx").mkdir(parents=True)
    (place.folder / ".config/llmx/config.toml").write_text('[exec.policy]\nask = ["touch"]\n')
    return place


@pytest.mark.parametrize(
    ("answer", "runs"),
    [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False), ("no, y\n", False), ("\4", False)],
)
def test_a_yes_lets_it_run_and_anything_else_does_not(asking, terminal, answer, runs):  # noqa: F811
    one = terminal(["sh", "-c", f"{LLM_EXEC} -- touch made; echo code=$?"])
    one.wait_for(r"the rule `touch` of exec\.policy\.ask")
    one.wait_for(QUESTION)
    one.type(answer)
    assert one.wait_for(r"code=(\d+)")[1] == ("0" if runs else "126")
    assert (asking.folder / "made").exists() == runs


def test_it_asks_the_person_also_where_stdin_and_stdout_are_files(asking, terminal):  # noqa: F811
    one = terminal(["sh", "-c", f"echo y | {LLM_EXEC} --json -- touch made >out; echo code=$?"])
    one.wait_for(QUESTION)
    one.type("n\n")
    assert one.wait_for(r"code=(\d+)")[1] == "126"
    assert not (asking.folder / "made").exists()


def test_the_question_cannot_steer_the_terminal_and_shows_no_secret(asking, terminal):  # noqa: F811
    line = f"{LLM_EXEC} -- touch \"$(printf '\\033[2J')\" --token=s3cr3tvalue; echo code=$?"
    one = terminal(["sh", "-c", line])
    question = one.wait_for(r"(?s).*\[y/N\] ")[0]
    assert "\33[2J" not in question
    assert "s3cr3tvalue" not in question
    one.type("n\n")
    one.wait_for(r"code=126")
