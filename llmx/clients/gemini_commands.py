"""Gemini's commands: a TOML file each."""

import tomli_w

from llmx.core.source import Prompt


def written(prompt: Prompt) -> str:
    """The text of the file."""
    described = {"description": prompt.description, "prompt": prompt.text_for("gemini").strip() + "\n"}
    return tomli_w.dumps({key: text for key, text in described.items() if text}, multiline_strings=True)
