"""Have Ollama pull a model: its own program keeps the file, checks it and goes on where it was.

The API: https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from llmx.core.backends.opening import endpoint_of
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError, NotFoundError
from llmx.models.places import Places
from llmx.models.progress import Progress, Report
from llmx.models.pull import Pulled
from llmx.models.shelves import ollama
from llmx.models.sources import OllamaSource
from llmx.models.web import CutError, WebError, lines, open_url, plain

QUIET = 600.0
"""Seconds without a word, as when it checks a large file."""


def pull_from_ollama(
    source: OllamaSource, places: Places, report: Report, env: Mapping[str, str] = os.environ
) -> Pulled:
    """A model of Ollama's library; raises ``LlmxError``."""
    url = f"{endpoint_of('ollama', env=env).base_url}/api/pull"
    report(Progress("Starting", str(source)))
    sizes: dict[str, tuple[int, int]] = {}
    begun: dict[str, int] = {}
    is_done = False
    for event in _events(url, source.name):
        if event.get("error"):
            raise _refusal(source, str(event["error"]))
        status, digest = str(event.get("status", "")), event.get("digest")
        if digest:
            size, done = _number(event.get("total")), _number(event.get("completed"))
            sizes[digest] = (min(done, size), size)
            begun.setdefault(digest, done)
        is_done = status == "success"
        done, total = (sum(one[place] for one in sizes.values()) for place in (0, 1))
        state = "Downloading" if digest else "Verifying" if status.startswith("verifying") else None
        if state:
            report(Progress("Verifying" if state == "Verifying" else "Downloading", str(source), "", done, total))
    if not is_done:
        raise CutError(f"{plain(url)} ended before the model was here", hint="pull again: it goes on where it was")
    total = sum(size for _, size in sizes.values())
    report(Progress("Complete", str(source), "", total, total))
    fetched = sum(size - begun[digest] for digest, (_, size) in sizes.items())
    here = next((model for model in ollama(places) if model.id == str(source)), None)
    path, quantization = (here.path, here.quantization) if here else ("", "")
    return Pulled(str(source), "ollama", path, (path,) if path else (), total, max(0, fetched), quantization)


def _events(url: str, name: str) -> Iterator[dict[str, Any]]:
    body = json.dumps({"model": name, "stream": True}).encode()
    try:
        answer = open_url(url, {"Content-Type": "application/json"}, QUIET, method="POST", body=body)
    except CutError as error:
        hint = "start it with: ollama serve; llmx model install ollama says how to get it"
        raise InconclusiveError(f"Ollama does not answer: {error.message}", hint=hint) from None
    with answer:
        for line in lines(answer, url):
            try:
                event = json.loads(line)
            except ValueError:
                raise WebError(f"{plain(url)} answered with something that is not Ollama's") from None
            if isinstance(event, dict):
                yield event


def _refusal(source: OllamaSource, said: str) -> InconclusiveError | NotFoundError:
    if "does not exist" in said or "not found" in said:
        return NotFoundError(f"Ollama's library has no {shown(source.name)}", hint="llmx model available shows some")
    return InconclusiveError(f"Ollama did not pull {shown(source.name)}: {shown(said[:300])}")


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
