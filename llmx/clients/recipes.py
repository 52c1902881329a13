"""Goose's recipes: a prompt as something to run, and a team as sub-recipes that it may hand work to."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from llmx.core.source import Prompt

TASK = "task"


def recipe(name: str, prompt: Prompt, team: Mapping[str, Path]) -> str:
    """The text of a recipe that takes one task; ``team`` are the files of its sub-recipes."""
    described: dict[str, Any] = {
        "version": "1.0.0",
        "title": name,
        "description": prompt.description or name,
        "instructions": LiteralScalarString(unfilled(prompt.text_for("goose")).strip() + "\n"),
        "prompt": f"{{{{ {TASK} }}}}",
        "parameters": [
            {
                "key": TASK,
                "input_type": "string",
                "requirement": "required",
                "description": "What is to be done, with all there is to know",
            }
        ],
    }
    if team:
        described["sub_recipes"] = [{"name": member, "path": str(path)} for member, path in team.items()]
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump(described, out)
    return out.getvalue()


def unfilled(text: str) -> str:
    """``text`` with what Goose would fill in kept as it is."""
    return re.sub(r"\{\{|\{%|\{#", lambda found: f"{{% raw %}}{found[0]}{{% endraw %}}", text)
