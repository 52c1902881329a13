"""The ledger of calls: one database for all of a user's processes, in which a budget is held and settled."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from llmx import paths
from llmx.core.database import connect, transaction
from llmx.core.plugins import load
from llmx.core.usage import Call, Caller, Most, Target
from llmx.core.usage.budget import Limit, reached, unpriced
from llmx.core.usage.holder import is_alive, me

SLACK_S = 600.0
"""How long past its deadline a reservation is kept for a process that cannot be seen from here."""

LONGEST_S = 86400.0
"""The deadline of a call that has none."""

SCHEMA = (
    """CREATE TABLE calls (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, day TEXT NOT NULL,
        run TEXT NOT NULL, project TEXT NOT NULL, agent TEXT NOT NULL, template TEXT NOT NULL, session TEXT NOT NULL,
        backend TEXT NOT NULL, base_url TEXT NOT NULL, model TEXT NOT NULL,
        status TEXT NOT NULL, cached INTEGER NOT NULL,
        prompt_tokens INTEGER, completion_tokens INTEGER, reasoning_tokens INTEGER, cached_tokens INTEGER,
        ms INTEGER NOT NULL, first_ms INTEGER,
        most_prompt INTEGER, most_completion INTEGER,
        cost INTEGER, most_cost INTEGER, prices TEXT);
    CREATE INDEX calls_by_day ON calls (day);
    CREATE INDEX calls_by_run ON calls (run);
    CREATE INDEX calls_without_price ON calls (id) WHERE prices IS NULL;
    CREATE TABLE reservations (
        id INTEGER PRIMARY KEY, run TEXT NOT NULL, project TEXT NOT NULL, day TEXT NOT NULL,
        cost INTEGER NOT NULL, tokens INTEGER NOT NULL, holder TEXT NOT NULL, lapses REAL NOT NULL)""",
)

_OF = {"run": "run = :run", "day": "day = :day", "project": "day = :day AND project = :project"}
_USED = {
    "cost": "coalesce(cost, most_cost, 0)",
    "tokens": "coalesce(prompt_tokens + completion_tokens, most_prompt + most_completion, 0)",
}


class Hold(NamedTuple):
    """What a call may use at most, on whose behalf, and how many seconds it may take."""

    caller: Caller
    target: Target
    most: Most
    seconds: float | None = None


def ledger_path() -> str:
    """Where the ledger is."""
    return f"{paths.state_dir()}/usage.db"


class Ledger:
    """Every call of a model, and what is held for those that go on."""

    def __init__(self, path: str = "") -> None:
        self.connection = connect(path or ledger_path(), SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def hold(self, hold: Hold, limits: Sequence[Limit]) -> int:
        """Hold the most that a call may use against every limit, in one step; returns what ``settle`` takes.

        Raises ``BudgetError`` before anything is sent where a limit could be passed.
        """
        cost = self._most_cost(hold, limits)
        now = time.time()
        where = {"run": hold.caller.run, "project": hold.caller.project, "day": day(now)}
        with transaction(self.connection):
            self._drop_lapsed(now)
            for limit in limits:
                most = cost if limit.unit == "cost" else hold.most.tokens
                used = self._used(limit, where)
                if used + most > limit.most:
                    raise reached(limit, used, most)
            lapses = now + (LONGEST_S if hold.seconds is None else hold.seconds) + SLACK_S
            row = (*where.values(), cost, hold.most.tokens, me(), lapses)
            return self._add("reservations (run, project, day, cost, tokens, holder, lapses)", row)

    def settle(self, call: Call, reservation: int | None = None) -> None:
        """Write down how a call ended, in place of what was held for it."""
        with transaction(self.connection):
            if reservation is not None:
                self.connection.execute("DELETE FROM reservations WHERE id = ?", (reservation,))
            self._add(f"calls ({', '.join(_COLUMNS)})", _row(call))

    def price(self) -> None:
        """Look up the cost of the calls that have none yet; what the table does not know stays unknown."""
        rows = self.connection.execute(
            "SELECT id, at, backend, base_url, model, prompt_tokens, completion_tokens, reasoning_tokens, "
            "cached_tokens, most_prompt, most_completion FROM calls WHERE prices IS NULL"
        ).fetchall()
        if rows:
            priced = load("llmx.core.usage.pricing:priced")(rows)
            with transaction(self.connection):
                self.connection.executemany("UPDATE calls SET cost = ?, most_cost = ?, prices = ? WHERE id = ?", priced)

    def _most_cost(self, hold: Hold, limits: Iterable[Limit]) -> int:
        limited = [limit for limit in limits if limit.unit == "cost"]
        if not limited:
            return 0
        self.price()
        cost: int | None = load("llmx.core.usage.prices:most_cost")(hold.target, hold.most, time.time())
        if cost is None:
            raise unpriced(limited[0], hold.target.model)
        return cost

    def _used(self, limit: Limit, where: dict[str, str]) -> int:
        """What is used or held within the limit's scope; answers that were kept cost nothing."""
        of = _OF[limit.scope]
        query = (
            f"SELECT (SELECT coalesce(sum({_USED[limit.unit]}), 0) FROM calls WHERE {of} AND NOT cached)"
            f" + (SELECT coalesce(sum({limit.unit}), 0) FROM reservations WHERE {of})"
        )
        return int(self.connection.execute(query, where).fetchone()[0])

    def _drop_lapsed(self, now: float) -> None:
        """What was held by processes that have ended is free again."""
        rows = self.connection.execute("SELECT DISTINCT holder FROM reservations").fetchall()
        for (holder,) in rows:
            alive = is_alive(holder)
            if not alive:
                condition = "" if alive is False else " AND lapses < ?"
                values = (holder,) if alive is False else (holder, now)
                self.connection.execute(f"DELETE FROM reservations WHERE holder = ?{condition}", values)

    def _add(self, table: str, row: Sequence[object]) -> int:
        cursor = self.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        return int(cursor.lastrowid or 0)


_COLUMNS = (
    *("at", "day", "run", "project", "agent", "template", "session", "backend", "base_url", "model", "status"),
    *("cached", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens", "ms", "first_ms"),
    *("most_prompt", "most_completion", "cost", "prices"),
)


def _row(call: Call) -> tuple[object, ...]:
    """A call's columns; an answer that was kept costs nothing, whatever the price."""
    caller, most = call.caller, call.most or (None, None)
    return (
        *(call.at, day(call.at), caller.run, caller.project, caller.agent, caller.template, caller.session),
        *(*call.target, call.status, call.cached, *call.usage, call.ms, call.first_ms, *most),
        *((0, "cache") if call.cached else (None, None)),
    )


def day(at: float) -> str:
    """The day of a time, as clocks here show it."""
    return time.strftime("%Y-%m-%d", time.localtime(at))
