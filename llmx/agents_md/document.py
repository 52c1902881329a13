"""The text of an AGENTS.md: the section that llmx keeps current, and what stands around it in a new file."""

from collections.abc import Sequence

from llmx.agents_md.manifests.command import PURPOSES, Command
from llmx.agents_md.survey import Part
from llmx.core.source.usage import usage

SHOWN = 40
"""Parts that are listed; the others are counted."""


def section(part: Part, below: Sequence[Part], *, with_usage: bool) -> str:
    """What llmx keeps current: the commands of a part, the parts below it, and how to run them."""
    blocks = []
    if part.commands:
        sources = ", ".join(f"`{name}`" for name in dict.fromkeys(one.source for one in part.commands))
        blocks.append(f"## Commands\n\nFrom {sources}:\n\n{_listed(part.commands)}")
    if below:
        blocks.append(f"## Parts\n\nEach command runs in the folder of its part.\n\n{_parts(below)}")
    if with_usage:
        blocks.append(usage().strip())
    return "\n\n".join(blocks) or "llmx found no file here that says how to build or test."


def fresh(part: Part) -> str:
    """The beginning of a new file: a title, and room for what only people know."""
    title = f"# {part.name}\n" + (f"\n{part.description}\n" if part.description else "")
    return f"{title}\n## Conventions\n\n<!-- What a newcomer to this project would get wrong. -->\n"


def _listed(commands: Sequence[Command]) -> str:
    lines = []
    for purpose in PURPOSES:
        own = ", ".join(f"`{one.line}`" for one in commands if one.purpose == purpose)
        lines += [f"- {purpose}: {own}"] if own else []
    return "\n".join(lines)


def _parts(parts: Sequence[Part]) -> str:
    lines = [f"- `{part.folder}`{_named(part)}: {_short(part.commands)}" for part in parts[:SHOWN]]
    more = len(parts) - SHOWN
    return "\n".join([*lines, f"- and {more} more"] if more > 0 else lines)


def _named(part: Part) -> str:
    return f" ({part.name})" if part.name != part.folder.rpartition("/")[2] else ""


def _short(commands: Sequence[Command]) -> str:
    shown = [one for one in commands if one.purpose in ("Build", "Test", "Lint")] or list(commands)
    return ", ".join(f"`{one.line}`" for one in shown)
