"""What a model is, before it is here or after: from its header, wherever that lies."""

import os
from typing import NamedTuple

from llmx.core.gguf.header import read_header
from llmx.core.gguf.model_facts import ModelFacts, facts_of
from llmx.core.settings.sources import shown
from llmx.errors import NotFoundError
from llmx.models.digests import known_digest, prefixed
from llmx.models.finding import path_of
from llmx.models.hub import Hub
from llmx.models.places import Places
from llmx.models.pull import locate_url
from llmx.models.remote_header import remote_header
from llmx.models.selection import select
from llmx.models.shelves import models
from llmx.models.sources import FileSource, HubSource, OllamaSource, UrlSource, parse_source


class Inspected(NamedTuple):
    """What its header says, whether it is here, what was decided without being asked, and its digest where known."""

    facts: ModelFacts
    is_here: bool
    note: str = ""
    digest: str = ""


def inspect(name: str, hub: Hub, places: Places) -> Inspected:
    """The model that ``name`` means: a file, an id of the list, or what could be pulled; raises ``LlmxError``."""
    path = os.path.expanduser(name.removeprefix("file:"))
    if name.startswith("file:") or os.path.exists(path) or (path.endswith(".gguf") and path.startswith(("/", "."))):
        return _local(path)
    if not name.startswith(("hf:", "http")) and name.endswith(".gguf") and name.count("/") != 2:
        return _local(path)  # a file's name, and there is none
    source = parse_source(name)
    match source:
        case HubSource():
            return _of_hub(source, hub)
        case UrlSource():
            remote = locate_url(source.url, 30.0)()
            return Inspected(facts_of(remote_header(remote, source.file), [remote.size]), False)
        case OllamaSource():
            found = next((model for model in models(places) if model.id == str(source)), None)
            if found is None:
                hint = f"llmx model pull {source}; of a file on the hub the header is read before it is pulled"
                raise NotFoundError(f"{shown(str(source))} is not on this machine", hint=hint)
            return _local(found.path)._replace(digest=found.digest)
        case FileSource():
            return _local(source.path)


def _local(path: str) -> Inspected:
    facts = facts_of(read_header(path))
    return Inspected(facts, True, digest=known_digest(path) if facts.parts == 1 else "")


def _of_hub(source: HubSource, hub: Hub) -> Inspected:
    """Of what is here already; else of the file on the hub, of which the header is fetched."""
    path = path_of(str(source))
    if path and os.path.isfile(path):
        return _local(path)
    repo = hub.repo(source.repo)
    chosen = select(repo, file=source.file, quantization=source.quantization, projector=False)
    if chosen.backend != "gguf":
        raise NotFoundError(f"{repo.name} holds no GGUF file, so there is no header to read")
    remote = hub.locate(repo.name, repo.commit, chosen.files[0])
    header = remote_header(remote, f"hf:{repo.name}/{chosen.files[0].path}")
    digest = prefixed(remote.digest) if len(chosen.files) == 1 else ""
    return Inspected(facts_of(header, [file.size for file in chosen.files]), False, chosen.note, digest)
