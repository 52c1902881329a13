"""How an agent's session samples where nothing else says it."""

from typing import NamedTuple


class SessionConfig(NamedTuple):
    """Before each of these go a flag, the agent's record, the default agent, the environment and the settings."""

    temperature: float = 0.7
    top_p: float = 0.9
    max_tokens: int = 4096
