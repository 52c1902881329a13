"""What runs of a trusted project's template is what was trusted: code, prompts, and all that shapes a run."""

from collections.abc import Mapping
from pathlib import Path

from llmx.errors import PolicyError
from llmx.templates import Template
from llmx.templates.loading import NOTHING, digest_of
from llmx.templates.rendering import Renderer


def require_unchanged(template: Template, held: Mapping[Path, bytes] = NOTHING) -> None:
    """Raise ``PolicyError`` where a project's template is not what it was any more; ``held`` are files as read."""
    if template.source == "project" and digest_of(template.folder, held) != template.digest:
        hint = f"read it, then: llmx trust {template.folder}"
        raise PolicyError(f"{template.folder} has changed since the run began, so it does not run", hint=hint)


def renderer_of(template: Template) -> Renderer:
    """Its renderer; of a project's template it renders only files that are as they were when it was trusted."""
    if template.source != "project":
        return Renderer(template.folder)
    return Renderer(template.folder, lambda file, data: require_unchanged(template, {file: data}))
