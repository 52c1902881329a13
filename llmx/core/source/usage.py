"""How an agent uses llm-exec, in words that cost it less than 150 tokens: the one text that all others are made of."""

from pathlib import Path

FILE = Path(__file__).parents[2] / "data/llm-exec.md"


def usage() -> str:
    """The section, a heading and a list."""
    return FILE.read_text(encoding="utf-8")
