"""Limits on what calls may use, and the words for one that is reached."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from llmx.core.usage import NANO
from llmx.errors import BudgetError

Unit = Literal["cost", "tokens"]
Scope = Literal["run", "day", "project"]


class Limit(NamedTuple):
    """At most ``most`` nano-dollars or tokens: of one run, of a day, or of a project's day; ``name`` is who set it."""

    name: str
    unit: Unit
    scope: Scope
    most: int


SETTINGS: tuple[tuple[str, Unit, Scope], ...] = (
    ("budget.daily_cost", "cost", "day"),
    ("budget.daily_tokens", "tokens", "day"),
    ("budget.project_daily_cost", "cost", "project"),
    ("budget.project_daily_tokens", "tokens", "project"),
)


def limits(
    settings: Mapping[str, object], max_cost: float | None = None, max_tokens: int | None = None, *, project: str
) -> list[Limit]:
    """The limits in force: those of the settings that are not 0, and those given for this run."""
    found = [
        Limit(name, unit, scope, _most(unit, settings[name]))
        for name, unit, scope in SETTINGS
        if settings.get(name) and (project or scope != "project")
    ]
    if max_cost is not None:
        found.append(Limit("--max-cost", "cost", "run", _most("cost", max_cost)))
    if max_tokens is not None:
        found.append(Limit("--max-tokens-total", "tokens", "run", max_tokens))
    return found


def _most(unit: Unit, value: object) -> int:
    number = float(str(value))
    return round(number * NANO) if unit == "cost" else int(number)


def reached(limit: Limit, used: int, most: int) -> BudgetError:
    """The error for a call that may use ``most`` where ``used`` is spent or held already."""
    return BudgetError(
        f"{limit.name} is {_shown(limit.unit, limit.most)}: {_shown(limit.unit, used)} "
        f"{'is' if limit.unit == 'cost' else 'are'} used or held {_WHERE[limit.scope]}, "
        f"and this call may use {_shown(limit.unit, most)}",
        hint="nothing was sent; a smaller --max-tokens makes a call cost less, and llmx usage shows what was used",
    )


def unpriced(limit: Limit, model: str) -> BudgetError:
    """The error for a call whose price nobody knows, where a price is what is limited."""
    tokens = "--max-tokens-total" if limit.scope == "run" else limit.name.replace("cost", "tokens")
    return BudgetError(
        f"{limit.name} is {_shown('cost', limit.most)}, but the price of {model} is not known",
        hint=f"nothing was sent; limit its tokens instead: {tokens}",
    )


_WHERE = {"run": "by this run", "day": "today", "project": "today in this project"}


def _shown(unit: Unit, amount: int) -> str:
    return f"${amount / NANO:.6f}".rstrip("0").rstrip(".") if unit == "cost" else f"{amount} tokens"
