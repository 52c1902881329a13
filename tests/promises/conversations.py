"""Answers that are kept, what calls used, and sessions."""

from tests.promises import Row

ROWS = [
    Row(
        "S2-67", "Sessions are listed, shown, suspended, resumed, completed and deleted", "a named one is never removed"
    ),
    Row("S2-73", "Counters of requests, tokens and cache hits, latency percentiles, as Prometheus text", "llmx usage"),
    Row("S3-08", "Answers are kept in LLM_CACHE_DIR, 0700; LLM_ENABLE_CACHE=false asks again"),
    Row("S3-22", "Everything that can change an answer is part of its key, and nothing else"),
    Row("S3-23", "llmx cache stats and clear; a corrupt entry is ignored and removed"),
    Row("S3-31", "llmx usage by model, agent, day; over a budget nothing is sent: exit 6"),
]
