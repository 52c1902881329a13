"""What every envelope of ``template exec --output json`` keeps to, whatever the template and however it ended."""

TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer", "minimum": 0}
MAYBE_TEXT = {"type": ["string", "null"]}


def record(**properties):
    """An object with at least these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(items):
    """A list of such."""
    return {"type": "array", "items": items}


METRICS = {
    **dict.fromkeys(("duration_ms", "agents_invoked", "tools_invoked", "rag_queries"), WHOLE),
    **dict.fromkeys(("model_calls", "cached_calls"), WHOLE),
    "tokens_used": {"type": ["integer", "null"], "minimum": 0},  # null: somebody did not say
    "cost_usd": {"type": ["number", "null"], "minimum": 0},
}
STATUSES = ["done", "kept", "skipped", "failed", "running"]
SCHEMA = record(
    envelope={"const": 1},
    outcome={"enum": ["clean", "findings", "inconclusive", "failed"]},
    exit_code={"enum": [0, 1, 2, 3, 4, 5, 6, 7, 124, 130]},
    result={},
    artifacts=list_of(record(name=TEXT, media_type=TEXT, bytes=WHOLE, path=MAYBE_TEXT)),
    metadata=record(
        template=TEXT,
        version=TEXT,
        run=TEXT,
        parameters={"type": "object"},
        phases=list_of(record(id=TEXT, status={"enum": STATUSES})),
        problem=MAYBE_TEXT,
        failed_phase=MAYBE_TEXT,
    ),
    coverage=list_of(record(path=TEXT, read={"type": "boolean"}, reason=TEXT)),
    metrics=record(**METRICS),
    provenance=record(llmx=TEXT, template_digest=TEXT, input_digest=TEXT),
)
