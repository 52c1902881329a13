"""Where a result comes from: the template, what went in, who answered at which prices, and this program."""

import asyncio
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from llmx import __version__
from llmx.core.demo import PATH as DEMO
from llmx.core.usage import Call
from llmx.core.usage.free import price_table
from llmx.templates.digests import LOCAL, model_digest
from llmx.templates.phases import Context


async def provenance(context: Context) -> dict[str, Any]:
    """All of it, for the envelope and for every report; what is not known is None, never left out."""
    models = []
    for told in context.provenance.get("models", []):
        calls = _calls_of(told, context.meter.calls)
        endpoint = _endpoint(told, calls)
        now = "" if all(call.cached for call in calls) else endpoint or ""  # what is there now may not be what was
        digest = await asyncio.to_thread(model_digest, told["backend"], told["model"], now)
        is_demo = told["demo"] or (digest is not None and digest == await asyncio.to_thread(_demo_digest))
        why = None if digest else _why_none(told, calls)
        models.append({**told, "demo": is_demo, "digest": digest, "why_no_digest": why, "endpoint": endpoint})
    client = context.client
    return {
        "llmx": __version__,
        "template": context.template.id,
        "version": context.template.version,
        "template_digest": context.template.digest,
        "input_digest": input_digest(context),
        "prices": price_table() if context.meter.calls else None,
        "seed": context.seed,
        "replayed": bool(client and client.options.replay),
        **context.provenance,
        "models": models,
    }


def _demo_digest() -> str | None:
    """That of the model that comes with llmx: it is the demo also where somebody has named its file, or a copy."""
    return model_digest("gguf", f"file:{DEMO}")


def input_digest(context: Context) -> str:
    """One sum over the parameters and all that was read."""
    text = json.dumps([dict(context.parameters), dict(sorted(context.inputs.items()))], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _why_none(told: dict[str, Any], calls: list[Call]) -> str:
    """Why nobody can tell the weights that have answered."""
    if told["mock"]:
        return "a mock has no weights"
    if all(call.cached for call in calls):
        return "the answer was kept, and what is there now may be another model"
    if told["backend"] in LOCAL:
        return "the model's file cannot be read"
    if told["backend"] == "ollama":
        return "this Ollama does not tell it"
    known = "; its fingerprint is told" if told.get("fingerprint") else ""
    return f"{told['backend']} tells no digest of its models{known}"


def _calls_of(told: dict[str, Any], calls: list[Call]) -> list[Call]:
    """The calls that it answered: under its own name, else under one that it was asked by."""
    of_backend = [call for call in calls if call.target.backend == told["backend"]]
    return [call for call in of_backend if call.target.model == told["model"]] or of_backend


def _endpoint(told: dict[str, Any], calls: list[Call]) -> str | None:
    """The URL that answered, without what may be secret in it."""
    if told["backend"] in LOCAL:
        return None
    parts = urlsplit(next((call.target.base_url for call in calls if call.target.base_url), ""))
    if not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
