"""The guide's table of rules says what really happens."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from llmx.core.policy.rules import Rules, decide
from llmx.exec.rules import command_of

CHAPTER = Path(__file__).resolve().parents[3] / "llmx/data/guide/security.md"
ANSWERS = {"denied": "deny", "asks": "ask", "runs": "allow"}


def examples():
    """Each row: the rules as TOML, the command line, and the first word of what happens."""
    for line in CHAPTER.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.match(r"`(allow|ask|deny) = ", cells[0]):
            yield "\n".join(re.findall("`([^`]*)`", cells[0])), cells[1].strip("`"), re.split("[: ]", cells[2])[0]


EXAMPLES = list(examples())


@pytest.mark.promise("S0-31")
@pytest.mark.parametrize(("rules", "command", "answer"), EXAMPLES)
def test_an_example_of_the_guide_does_what_the_guide_says(rules, command, answer):
    listed = Rules(**tomllib.loads(rules))
    found = decide(shlex.split(command), listed, unwrap_self=command_of, is_planted=lambda _: False)
    assert found.verdict == ANSWERS[answer]


def test_there_is_an_example_of_each_list_and_each_answer():
    assert {answer for _, _, answer in EXAMPLES} == ANSWERS.keys()
    assert {rules.split(" ")[0] for rules, _, _ in EXAMPLES} == {"allow", "ask", "deny"}
