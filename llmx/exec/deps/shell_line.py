"""The commands that a shell line runs, as far as they can be told."""

from llmx.core.policy.words import UNKNOWN, Line


def commands(line: str) -> list[str]:
    """The first words of its commands."""
    return sorted({words[0] for words in Line(line).commands if words and UNKNOWN not in words[0]})
