"""Prompts, and what coding agents read of a project."""

from tests.promises import Row

ROWS = [
    Row("S0-01", "An AGENTS.md is written from what a project is; one that is there stays", "llmx has one of its own"),
    Row("S0-02", "The AGENTS.md files that hold for a path, the nearest first, and what each agent really loads"),
    Row("S0-03", "The marked section is kept current, by update and by client apply; the rest stays byte for byte"),
    Row("S0-35", "Eight prompts by name, and the user's own beside them", "a name there is not is exit 4"),
    Row("S0-36", "Every prompt refers to AGENTS.md"),
    Row("S0-37", "Every prompt says how to run commands through llm-exec; --no-exec leaves it out"),
    Row("S0-38", "A prompt has parts for single clients; an unknown client is exit 2"),
    Row("S0-39", "prompt new, check, and client apply: a prompt of one's own in an agent"),
    Row("S3-34", "Prompts have variables; a missing one is exit 2, and nothing in a prompt can run"),
]
