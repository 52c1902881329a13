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
    found = None if template.estimate else await plan(template, parameters, client, options)
    target = found.target if found else await _target(client)
    past = _past(template.id, target)
    if found:
        prompts, answers = found.prompt_tokens, _answers(found, past)
        confidence = (GUESS if found.unknown else PLANNED) + (MEASURED if past.answer_tokens else 0.0)
    else:
        prompts, answers = _by_formula(template, values)
        confidence = FORMULA
    if found and not found.questions:  # nothing of it can be planned
        return _unknown(template, target, found.unknown)
    cost = cost_of(target, Most(prompts, answers)) if target else None
    side_by_side = min(options.jobs, len(found.questions)) if found else 1
    return {
        "template": template.id,
        "model": target._asdict() if target else None,
        "calls": len(found.questions) if found else None,
        "tokens": prompts + answers,
        "prompt_tokens": prompts,
        "answer_tokens": answers,
        "cost_usd": None if cost is None else cost / NANO,
        "ceiling_usd": found.ceiling if found else None,
        "duration_ms": round(past.ms_a_token * (prompts + answers) / max(1, side_by_side)) if past.ms_a_token else None,
        "confidence": round(confidence, 2),
        "basis": "plan" if found else "formula",
        "unknown": found.unknown if found else [],
    }


def _unknown(template: Template, target: Target | None, why: list[str]) -> dict[str, Any]:
    names = ("calls", "tokens", "prompt_tokens", "answer_tokens", "cost_usd", "ceiling_usd", "duration_ms")
    told = {"template": template.id, "model": target._asdict() if target else None, **dict.fromkeys(names)}
    return {**told, "confidence": 0.0, "basis": "plan", "unknown": why}


async def _target(client: LLMClient) -> Target | None:
    try:
        return await client.target()
    except LlmxError:
        return None


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
