"""llmx: run language models, and the coding agents that use them, safely on your own machine."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.conversations.scheduler import AgentScheduler
    from llmx.conversations.working_agent import BaseAgent
    from llmx.core.settings import Settings, active
    from llmx.errors import ConfigError, LlmxError, NotFoundError, PolicyError, UsageError

    __all__ = [
        "AgentScheduler",
        "BaseAgent",
        "ConfigError",
        "LlmxError",
        "NotFoundError",
        "PolicyError",
        "Settings",
        "UsageError",
        "active",
    ]

_PUBLIC = {
    "AgentScheduler": "llmx.conversations.scheduler",
    "BaseAgent": "llmx.conversations.working_agent",
    "ConfigError": "llmx.errors",
    "LlmxError": "llmx.errors",
    "NotFoundError": "llmx.errors",
    "PolicyError": "llmx.errors",
    "Settings": "llmx.core.settings",
    "UsageError": "llmx.errors",
    "active": "llmx.core.settings",
}
"""What ``from llmx import …`` offers, and where it is; nothing is imported before it is asked for."""


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'llmx' has no attribute {name!r}")
    return getattr(__import__(_PUBLIC[name], fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
