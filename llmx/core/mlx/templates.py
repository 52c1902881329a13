"""The chat template in a model's folder, with the special tokens that it names."""

import json
import os
from typing import Any

from llmx.core.runner import RunnerError
from llmx.core.runner.chat_template import ChatTemplate
from llmx.core.settings.sources import shown


def template_of(folder: str) -> ChatTemplate:
    """The template; raises ``RunnerError`` for a folder without a model."""
    if not os.path.isfile(f"{folder}/config.json"):
        raise RunnerError(f"{shown(folder)} is no MLX model: it has no config.json")
    said = _read(f"{folder}/tokenizer_config.json")
    return ChatTemplate(
        _source(folder, said), _token(said.get("bos_token")), _token(said.get("eos_token")), strips_bos=False
    )


def _source(folder: str, said: dict[str, Any]) -> str:
    """A file of its own in newer models; in older ones text, or one of several by name."""
    if os.path.isfile(f"{folder}/chat_template.jinja"):
        with open(f"{folder}/chat_template.jinja", encoding="utf-8") as file:
            return file.read()
    found = said.get("chat_template", "")
    if isinstance(found, list):
        named = {each.get("name"): each.get("template", "") for each in found if isinstance(each, dict)}
        found = named.get("default", "")
    return found if isinstance(found, str) else ""


def _token(said: Any) -> str:  # noqa: ANN401  # text, or an object with it
    text = said.get("content", "") if isinstance(said, dict) else said
    return text if isinstance(text, str) else ""


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RunnerError(f"{shown(path)} is no JSON: {error}") from None
    return found if isinstance(found, dict) else {}
