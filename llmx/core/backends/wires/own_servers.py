"""What servers of one's own tell beside OpenAI's format: how large a context is, how many tokens a text has."""

from typing import Any

from llmx.core.backends.endpoints import Endpoint
from llmx.core.backends.wires import TURN_TOKENS, Ask
from llmx.core.messages import Request

CONTEXTS = ("max_model_len", "loaded_context_length", "n_ctx", "max_context_length")
"""What vLLM, LM Studio and llama-server call it; the loaded one goes before what the model could have."""


def models(endpoint: Endpoint) -> Ask:
    """Where the list of models with their contexts is."""
    if endpoint.name == "lmstudio":
        return Ask("/api/v0/models", is_above=True)
    return Ask("/models") if endpoint.server else Ask()


def context(answer: Any, model: str) -> int | None:  # noqa: ANN401  # JSON
    """The context of that model in tokens, or of the only one that there is."""
    rows = answer["data"]
    row = next((row for row in rows if row["id"] == model), rows[0] if len(rows) == 1 else {})
    told = {**row, **(row.get("meta") or {})}
    return next((int(told[name]) for name in CONTEXTS if told.get(name)), None)


def tokenize(request: Request, endpoint: Endpoint) -> Ask:
    """How to have the tokens counted."""
    if endpoint.name not in ("llama-server", "vllm"):
        return Ask()
    text = "".join(message.text for message in request.messages)
    body = {"content": text} if endpoint.name == "llama-server" else {"model": request.model, "prompt": text}
    return Ask("/tokenize", body, is_above=True)


def tokens(answer: Any, request: Request) -> int:  # noqa: ANN401  # JSON
    """The tokens of the text, and what the model's template puts around each turn at most."""
    return len(answer["tokens"]) + TURN_TOKENS * len(request.messages)
