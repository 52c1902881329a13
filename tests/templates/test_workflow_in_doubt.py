"""A workflow of which a step's work was not done is never clean, unless the file says that it need not be."""

import pytest

from tests.templates.workflows import fails, place, run, say, statuses  # noqa: F401  # a fixture

DOWN = {"error": "unavailable"}


@pytest.mark.promise("S2-59")
@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([{"id": "ask", "prompt": "x", "on_error": "continue"}, say("b")], "step ask: "),
        ([say("b"), {"id": "gone", "command": ["no-such-program"], "on_error": "continue"}], "step gone: "),
        ([{"id": "tee", "template": "interactive-chat", "parameters": {"message": "x"}, "on_error": "continue"},
          say("b")], "step tee: template interactive-chat: "),
        ([{"id": "lint", "prompt": "x", "on_error": "ignore"}, say("tell", "$lint"), say("b")],
         "step tell: lint failed"),
        ([{"id": "all", "steps": [fails("one"), say("two")], "on_error": "continue"}, say("b")],
         "step two: step one failed before it"),
        ([{"id": "all", "parallel": [{"id": "ask", "prompt": "x"}, say("b")], "on_error": "continue"}], "step ask: "),
    ],
    ids=["inconclusive", "no program", "template", "needed", "inside", "parallel"],
)  # fmt: skip
def test_a_step_whose_work_was_not_done_leaves_the_result_in_doubt_however_the_rest_goes_on(tmp_path, steps, named):
    result = run(tmp_path, steps, DOWN)
    assert (result.exit_code, result.outcome, statuses(result)["b"]) == (3, "inconclusive", "done")
    assert named in result.problem
    assert "not all of the workflow was done" in result.problem
    assert "on_error: ignore" in result.problem
    declared = [{**each, "on_error": "ignore"} if each["id"] != "b" else each for each in steps]
    assert run(tmp_path, declared, DOWN).exit_code == 0
