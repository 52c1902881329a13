"""Prompts as clients take them: a Markdown file each, with front matter, in the folder of its kind.

``prompt_entries`` is what a client's ``render`` calls. A client that keeps a kind elsewhere renders that kind itself,
as opencode does with its agents, and leaves it out of ``places``.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from llmx.clients.protocol import Entry, File, Loss
from llmx.core.source import Prompt, Source

Places = Mapping[str, str]
"""Kind -> path of its file, with ``{}`` for the prompt's name."""


def kind_of(prompt: Prompt) -> str:
    """What it becomes where neither the source nor its file says."""
    return prompt.kind or "subagent"


def of_kind(source: Source, *kinds: str) -> dict[str, Prompt]:
    """The prompts of these kinds, by name."""
    return {name: prompt for name, prompt in source.prompts.items() if kind_of(prompt) in kinds}


def prompt_entries(prompts: Mapping[str, Prompt], client: str, places: Places) -> list[Entry]:
    """A file for each prompt."""
    return [
        whole(Path(places[kind_of(prompt)].format(name)), written(name, prompt, client))
        for name, prompt in prompts.items()
    ]


def whole(path: Path, text: str) -> Entry:
    """A file that llmx writes whole."""
    return Entry(File(path, "text"), ("text",), text, "prompt")


def losses(prompts: Iterable[str], reason: str) -> list[Loss]:
    """Why a client gets none of these."""
    return [Loss("prompt", name, reason) for name in prompts]


def written(name: str, prompt: Prompt, client: str) -> str:
    """The text of the file: a command's name is that of its file."""
    head = {"description": prompt.description or name}
    if kind_of(prompt) != "command":
        head = {"name": name, **head}
    return with_head(head, prompt.text_for(client))


def with_head(head: Mapping[str, str], text: str) -> str:
    """Front matter over ``text``; JSON's strings are YAML's, too."""
    lines = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in head.items())
    return f"---\n{lines}---\n\n{text.strip()}\n"
