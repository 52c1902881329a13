"""The ledger's counters in Prometheus' text format, version 0.0.4."""

import sqlite3
from collections.abc import Iterator, Sequence

from llmx.core.runs.figures import percentile
from llmx.core.usage import NANO

QUANTILES = (0.5, 0.9, 0.99)

_COUNTERS = (
    ("llmx_requests_total", "Calls of models.", "count(*)", "status, cached"),
    ("llmx_prompt_tokens_total", "Tokens of prompts.", "coalesce(sum(prompt_tokens) FILTER (WHERE NOT cached), 0)", ""),
    (
        "llmx_completion_tokens_total",
        "Tokens of answers.",
        "coalesce(sum(completion_tokens) FILTER (WHERE NOT cached), 0)",
        "",
    ),
    ("llmx_cache_hits_total", "Answers that were kept.", "sum(cached)", ""),
)


def exposition(connection: sqlite3.Connection) -> str:
    """Requests, tokens, cache hits, cost and latency by backend and model."""
    lines = [line for counter in _COUNTERS for line in _counter(connection, *counter)]
    return "\n".join([*lines, *_cost(connection), *_latency(connection)]) + "\n"


def _counter(connection: sqlite3.Connection, name: str, help_: str, value: str, more: str) -> Iterator[str]:
    yield from (f"# HELP {name} {help_}", f"# TYPE {name} counter")
    names = ["backend", "model", *(more.split(", ") if more else [])]
    columns = ", ".join(names)
    for *labels, number in connection.execute(
        f"SELECT {columns}, {value} FROM calls GROUP BY {columns} ORDER BY {columns}"
    ):
        yield f"{name}{_labels(names, labels)} {number}"


def _cost(connection: sqlite3.Connection) -> Iterator[str]:
    name = "llmx_cost_dollars_total"
    yield from (f"# HELP {name} What the calls cost whose price is known.", f"# TYPE {name} counter")
    query = "SELECT backend, model, sum(cost) FROM calls WHERE cost IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    for backend, model, cost in connection.execute(query):
        yield f"{name}{_labels(('backend', 'model'), (backend, model))} {cost / NANO!r}"


def _latency(connection: sqlite3.Connection) -> Iterator[str]:
    """Of calls that were made and ended well, in seconds."""
    name = "llmx_request_seconds"
    yield from (f"# HELP {name} How long calls took.", f"# TYPE {name} summary")
    query = "SELECT backend, model, ms FROM calls WHERE NOT cached AND status = 'done' ORDER BY 1, 2, 3"
    groups: dict[tuple[str, str], list[int]] = {}
    for backend, model, ms in connection.execute(query):
        groups.setdefault((backend, model), []).append(ms)
    for who, times in groups.items():
        for quantile in QUANTILES:
            labels = _labels(("backend", "model", "quantile"), (*who, str(quantile)))
            yield f"{name}{labels} {(percentile(times, quantile * 100) or 0) / 1000!r}"
        labels = _labels(("backend", "model"), who)
        yield from (f"{name}_sum{labels} {sum(times) / 1000!r}", f"{name}_count{labels} {len(times)}")


def _labels(names: Sequence[str], values: Sequence[object]) -> str:
    pairs = [f'{name}="{_escaped(str(value))}"' for name, value in zip(names, values, strict=True)]
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
