"""What the calls of one run used, and what each of its phases may use of what the run may."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from llmx.core.plugins import load
from llmx.core.usage import NANO, Call, Most, Target
from llmx.core.usage.free import is_free
from llmx.errors import BudgetError


@dataclass
class Allowance:
    """What one phase may use, in nano-dollars and in tokens; None is no limit. ``used`` holds what goes on too."""

    phase: str
    cost: int | None
    tokens: int | None
    used_cost: int = 0
    used_tokens: int = 0

    def check(self, cost: int, tokens: int) -> None:
        """Raise ``BudgetError`` where that much more would be too much."""
        if self.cost is not None and self.used_cost + cost > self.cost:
            raise self._passed(f"${self.cost / NANO:g}", f"${(self.used_cost + cost) / NANO:g}")
        if self.tokens is not None and self.used_tokens + tokens > self.tokens:
            raise self._passed(f"{self.tokens} tokens", f"{self.used_tokens + tokens}")

    def add(self, cost: int, tokens: int) -> None:
        """It is used, or held; less than none gives back."""
        self.used_cost += cost
        self.used_tokens += tokens

    def _passed(self, most: str, would: str) -> BudgetError:
        return BudgetError(
            f"phase {self.phase} may use {most} of what the run may, and with this call it could be {would}",
            hint="nothing was sent; --max-cost or --max-tokens-total gives all phases more",
        )


ALLOWANCES: ContextVar[tuple[Allowance, ...]] = ContextVar("allowances", default=())
"""Those that hold where a call is made: of the phase, and of the phases around it."""


PHASE: ContextVar[str] = ContextVar("phase", default="")
"""The phase in which a call is made."""


class RunMeter:
    """Every call of a run, whoever of its phases has made it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    @property
    def is_limited(self) -> bool:
        """Whether a phase has an allowance."""
        return bool(ALLOWANCES.get())

    def hold(self, target: Target, most: Most) -> Callable[[], None]:
        """Hold the most that a call may use against all allowances; what gives it back."""
        held = ALLOWANCES.get()
        cost = 0
        if any(each.cost is not None for each in held):
            known = cost_of(target, most)
            if known is None:
                raise BudgetError(
                    f"a phase may use a share of --max-cost, but the price of {target.model} is not known",
                    hint="nothing was sent; limit its tokens instead: --max-tokens-total",
                )
            cost = known
        for each in held:
            each.check(cost, most.tokens)
        for each in held:
            each.add(cost, most.tokens)

        def release() -> None:
            for each in held:
                each.add(-cost, -most.tokens)

        return release

    def note(self, call: Call) -> None:
        """A call has ended."""
        self.calls.append(call)
        if not call.cached:
            spent, tokens = call_cost(call), _tokens(call)
            for each in ALLOWANCES.get():
                each.add(spent or 0, tokens or 0)

    @property
    def cost(self) -> float | None:
        """US dollars for all calls; None where the price of one is not known, or what it used."""
        costs = [call_cost(call) for call in self.calls]
        known = [each for each in costs if each is not None]
        return sum(known) / NANO if len(known) == len(costs) else None

    @property
    def tokens(self) -> int | None:
        """Tokens of all calls but kept answers; None where one did not say."""
        counts = [_tokens(call) for call in self.calls]
        known = [each for each in counts if each is not None]
        return sum(known) if len(known) == len(counts) else None


def call_cost(call: Call) -> int | None:
    """Nano-dollars for a call as it ended: nothing for one that was kept, or that failed before it began."""
    if call.cached or _has_not_begun(call) or is_free(call.target):
        return 0
    cost: int | None = load("llmx.core.usage.prices:cost")(call.target, call.usage, call.at)
    return cost


def cost_of(target: Target, most: Most) -> int | None:
    """Nano-dollars that a call may cost at most; None where its price is not known."""
    if is_free(target):
        return 0
    cost: int | None = load("llmx.core.usage.prices:most_cost")(target, most, time.time())
    return cost


def _tokens(call: Call) -> int | None:
    return 0 if call.cached or _has_not_begun(call) else call.usage.total_tokens


def _has_not_begun(call: Call) -> bool:
    return call.status == "failed" and call.first_ms is None
