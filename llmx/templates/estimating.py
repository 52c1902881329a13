"""What a run will about take: tokens, dollars and time, and how sure that is."""

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmx.core.client import LLMClient
from llmx.core.plugins import load
from llmx.core.usage import NANO, Most, Target
from llmx.errors import LlmxError
from llmx.templates import Template
from llmx.templates.metering import cost_of
from llmx.templates.parameters import checked
from llmx.templates.planning import Plan, plan
from llmx.templates.running import PLAIN, RunOptions
from llmx.templates.sources import find
from llmx.templates.trusted import renderer_of

FEWEST = 5
"""Calls of before that an average needs."""

PLANNED, MEASURED, FORMULA, GUESS = 0.6, 0.3, 0.5, 0.2
"""Confidence in a whole plan, what calls of before add to it, and confidence in a template's formula and in less."""


class Past(NamedTuple):
    """What the ledger knows: how long this template's answers are, and how long this model takes for a token."""

    answer_tokens: float | None = None
    ms_a_token: float | None = None


async def estimate(
    name: str | Template, parameters: Mapping[str, Any], client: LLMClient, options: RunOptions = PLAIN
) -> dict[str, Any]:
    """``tokens``, ``cost_usd``, ``duration_ms`` and ``confidence`` (0 to 1); None for what is not known, never 0."""
    template = find(name) if isinstance(name, str) else name
    values = checked(template, parameters)
    found = await plan(template, parameters, client, options)
    past = _past(template.id, found.target)
    if template.estimate:
        prompts, answers = _by_formula(template, values)
        confidence = FORMULA
    elif found.questions:
        prompts, answers = found.prompt_tokens, _answers(found, past)
        confidence = (GUESS if found.unknown else PLANNED) + (MEASURED if past.answer_tokens else 0.0)
    else:  # nothing of it can be planned, or nothing is asked
        return _told(found) if found.unknown else _told(found, 0, 0, cost=0, confidence=PLANNED)
    cost = cost_of(found.target, Most(prompts, answers)) if found.target else None
    side_by_side = max(1, min(options.jobs, len(found.questions))) if not template.estimate else 1
    duration = round(past.ms_a_token * (prompts + answers) / side_by_side) if past.ms_a_token else None
    return _told(found, prompts, answers, cost=cost, duration=duration, confidence=confidence)


def _told(
    found: Plan,
    prompts: int | None = None,
    answers: int | None = None,
    *,
    cost: int | None = None,
    duration: int | None = None,
    confidence: float = 0.0,
) -> dict[str, Any]:
    """All of it, the same keys for every template; ``calls`` are those that a plan knows."""
    return {
        "template": found.template.id,
        "model": found.target._asdict() if found.target else None,
        "calls": len(found.questions) or (None if found.unknown else 0),
        "tokens": None if prompts is None or answers is None else prompts + answers,
        "prompt_tokens": prompts,
        "answer_tokens": answers,
        "cost_usd": None if cost is None else cost / NANO,
        "ceiling_usd": found.ceiling,
        "why_no_ceiling": found.why_no_ceiling or None,
        "duration_ms": duration,
        "confidence": round(confidence, 2),
        "basis": "formula" if found.template.estimate else "plan",
        "unknown": found.unknown,
    }


def _answers(found: Plan, past: Past) -> int:
    """As long as before, where that is known; else a quarter of what they may have."""
    if past.answer_tokens is None:
        return found.answer_tokens // 4
    return min(found.answer_tokens, round(past.answer_tokens * len(found.questions)))


def _by_formula(template: Template, values: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens of prompts and of answers, by the template's own expressions; half of them where it does not say."""
    renderer = renderer_of(template)
    total = int(renderer.expression(template.estimate["tokens"], values))
    said = template.estimate.get("answers")
    answers = int(renderer.expression(said, values)) if said else total // 2
    return max(0, total - answers), answers


def _past(template: str, target: Target | None) -> Past:
    """From the ledger; nothing where there is none yet."""
    try:
        ledger = load("llmx.core.usage.ledger:Ledger")()
    except (LlmxError, OSError, sqlite3.Error):
        return Past()
    try:
        whole = "status = 'done' AND NOT cached AND completion_tokens IS NOT NULL"
        length, number = ledger.connection.execute(
            f"SELECT avg(completion_tokens), count(*) FROM calls WHERE {whole} AND template = ?", (template,)
        ).fetchone()
        model = (target.backend, target.model) if target else ("", "")
        ms, used, calls = ledger.connection.execute(
            f"SELECT sum(ms), sum(prompt_tokens + completion_tokens), count(*) FROM calls "
            f"WHERE {whole} AND backend = ? AND model = ?",
            model,
        ).fetchone()
    finally:
        ledger.close()
    return Past(length if number >= FEWEST else None, ms / used if used and calls >= FEWEST else None)
