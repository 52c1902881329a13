"""``templates/evaluators.py``: what an answer is judged by."""

import asyncio

import pytest

from llmx.templates.evaluators import GITHUB, STARS, evaluate, filled, require_evaluators

ANSWER = "Summary - A fox jumped."


def judged(evaluator, said="", **data):
    asked = []

    async def ask(prompt, system):
        asked.append((prompt, system))
        return said

    require_evaluators([evaluator], "x")
    return asyncio.run(evaluate(evaluator, ANSWER, data, ask)), asked


@pytest.mark.parametrize(
    ("string", "passed"),
    [
        ({"startsWith": "summary -"}, True),
        ({"startsWith": "fox"}, False),
        ({"endsWith": "JUMPED."}, True),
        ({"contains": "{{animal}}"}, True),
        ({"contains": "{{nobody}}"}, False),
        ({"equals": ANSWER}, True),
        ({"equals": ANSWER.lower()}, False),
        ({"contains": "fox", "endsWith": "dog"}, False),
    ],
)
def test_texts_are_compared_as_github_models_does(string, passed):
    check, asked = judged({"name": "n", "string": string}, animal="FOX")
    assert (check.name, check.passed, check.score, asked) == ("n", passed, float(passed), [])
    assert bool(check.details) is not passed


@pytest.mark.parametrize(
    ("said", "score"),
    [("5", 1.0), (" 1\n", 0.0), ("Grade: 4", 0.75), ("Not 1, rather 3", 0.5), ("15", None), ("good", None), ("", None)],
)
def test_a_judge_is_read_by_the_choice_that_it_makes(said, score):
    check, asked = judged({"uses": "github/similarity"}, said, input="What?", expected="A fox.")
    assert (check.passed, check.score) == (bool(score), score or 0.0)
    ((prompt, system),) = asked
    assert "What?" in prompt
    assert "A fox." in prompt
    assert ANSWER in prompt
    assert "one digit" in system


def test_a_judge_of_ones_own_has_its_words():
    choices = [{"choice": "very good", "score": 1}, {"choice": "good", "score": 0.5}, {"choice": "bad", "score": 0}]
    own = {"name": "mood", "llm": {"prompt": "Rate {{completion}}", "systemPrompt": "Be {{how}}.", "choices": choices}}
    check, asked = judged(own, "It is Very good", how="kind")
    assert (check.score, asked) == (1.0, [(f"Rate {ANSWER}", "Be kind.")])
    assert judged(own, "It is goodish")[0].passed is False


@pytest.mark.parametrize("name", GITHUB)
def test_each_of_githubs_own_asks_about_the_answer(name):
    check, asked = judged({"uses": name}, "2", input="i", expected="e")
    assert (check.name, check.score) == (name, STARS[1]["score"])
    assert ANSWER in asked[0][0]


def test_what_has_no_value_stays():
    assert filled("{{a}} {{ b }} {{c}} { {d} {% e %}", {"a": 1, "b": True}) == "1 true {{c}} { {d} {% e %}"
