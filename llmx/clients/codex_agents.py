"""Codex's agents: a TOML file each."""

import tomli_w

from llmx.core.source import Prompt


def written(name: str, prompt: Prompt) -> str:
    """The text of the file."""
    described = {
        "name": name,
        "description": prompt.description or name,
        "developer_instructions": prompt.text_for("codex").strip() + "\n",
    }
    return tomli_w.dumps(described, multiline_strings=True)
