"""llmx: run language models, and the coding agents that use them, safely on your own machine."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.api import Template
    from llmx.conversations.scheduler import AgentScheduler
    from llmx.conversations.working_agent import BaseAgent
    from llmx.core.backends import Health
    from llmx.core.backends.errors import (
        AuthError,
        BackendError,
        BackendTimeoutError,
        BadRequestError,
        ContextOverflowError,
        QuotaError,
        RateLimitedError,
        UnavailableError,
    )
    from llmx.core.client import LLMClient, get_llm_client
    from llmx.core.llm_config import LLMConfig
    from llmx.core.messages import Message
    from llmx.core.response import Response
    from llmx.core.settings import Settings, active
    from llmx.errors import (
        ConfigError,
        InconclusiveError,
        LlmxError,
        NotFoundError,
        PolicyError,
        SchemaError,
        UsageError,
    )

    __all__ = [
        "AgentScheduler",
        "AuthError",
        "BackendError",
        "BackendTimeoutError",
        "BadRequestError",
        "BaseAgent",
        "ConfigError",
        "ContextOverflowError",
        "Health",
        "InconclusiveError",
        "LLMClient",
        "LLMConfig",
        "LlmxError",
        "Message",
        "NotFoundError",
        "PolicyError",
        "QuotaError",
        "RateLimitedError",
        "Response",
        "SchemaError",
        "Settings",
        "Template",
        "UnavailableError",
        "UsageError",
        "active",
        "get_llm_client",
    ]

_PUBLIC = {
    "AgentScheduler": "llmx.conversations.scheduler",
    "AuthError": "llmx.core.backends.errors",
    "BackendError": "llmx.core.backends.errors",
    "BackendTimeoutError": "llmx.core.backends.errors",
    "BadRequestError": "llmx.core.backends.errors",
    "BaseAgent": "llmx.conversations.working_agent",
    "ConfigError": "llmx.errors",
    "ContextOverflowError": "llmx.core.backends.errors",
    "Health": "llmx.core.backends",
    "InconclusiveError": "llmx.errors",
    "LLMClient": "llmx.core.client",
    "LLMConfig": "llmx.core.llm_config",
    "LlmxError": "llmx.errors",
    "Message": "llmx.core.messages",
    "NotFoundError": "llmx.errors",
    "PolicyError": "llmx.errors",
    "QuotaError": "llmx.core.backends.errors",
    "RateLimitedError": "llmx.core.backends.errors",
    "Response": "llmx.core.response",
    "SchemaError": "llmx.errors",
    "Settings": "llmx.core.settings",
    "Template": "llmx.api",
    "UnavailableError": "llmx.core.backends.errors",
    "UsageError": "llmx.errors",
    "active": "llmx.core.settings",
    "get_llm_client": "llmx.core.client",
}
"""What ``from llmx import …`` offers, and where it is; nothing is imported before it is asked for."""


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'llmx' has no attribute {name!r}")
    return getattr(__import__(_PUBLIC[name], fromlist=[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
