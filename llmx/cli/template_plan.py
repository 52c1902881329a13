"""What ``template exec --plan`` shows: every prompt, and the most that the run can cost."""

from collections.abc import Mapping
from typing import Any

from llmx.cli.output import Output
from llmx.cli.runs_shown import visible
from llmx.core.client import LLMClient
from llmx.core.jsonline import dumps
from llmx.core.plugins import load
from llmx.templates.planning import Plan, plan
from llmx.templates.running import RunOptions


def show_plan(name: str, given: Mapping[str, Any], client: LLMClient, options: RunOptions, output: Output) -> None:
    """Plan, and show it. It is no run: nothing was sent, and its outcome is ``planned``."""
    found: Plan = load("llmx.core.blocking:run")(lambda: plan(name, given, client, options))
    if output == Output.json:
        print(dumps(found.as_dict()))
        return
    for number, question in enumerate(found.questions, 1):
        print(f"--- {number} of {len(found.questions)}: phase {question.phase}")
        for role, text in question.turns:
            print(f"[{role}]", *(visible(line) for line in text.split("\n")), "", sep="\n")
    for phase in found.phases:
        print(f"phase {phase['id']:<16} {phase['status']:<8} {phase['questions']} questions")
    print(f"model            {_model(found)}")
    part = ", as far as it can be planned" if found.unknown else ""
    print(f"tokens           about {found.prompt_tokens} in prompts, up to {found.answer_tokens} in answers{part}")
    print(f"with repairs     {_most(found)}")
    print(f"cost             {_cost(found)}")
    print("planned; nothing was sent")


def _model(found: Plan) -> str:
    return f"{found.target.backend}/{found.target.model}" if found.target else "none is configured"


def _most(found: Plan) -> str:
    if found.most_questions is None:
        return "not known"
    told = f"at most {found.most_questions} questions and {found.most.tokens} tokens"
    return f"{told}, every byte of a prompt counted as one"


def _cost(found: Plan) -> str:
    limit = "" if found.max_cost is None else f"; --max-cost holds it at ${found.max_cost:g}"
    if found.ceiling is None or found.unknown:
        return f"not known: {found.why_no_ceiling}"
    return f"at most ${found.ceiling:.6f}{limit}"
