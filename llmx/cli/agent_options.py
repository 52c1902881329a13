"""What ``--agent ID`` means for a command that asks a model."""

from llmx.agents.files import FileRegistry
from llmx.agents.resolve import llm_config, over, resolve, usable
from llmx.core.llm_config import LLMConfig


def as_agent(agent_id: str, given: LLMConfig) -> tuple[LLMConfig, str]:
    """What was given by flags over what the agent says, and the agent's system prompt."""
    registry = FileRegistry()
    usable(registry, agent_id)
    found = resolve(registry, agent_id)
    return over(given, llm_config(found)), str(found.values["system"] or "")
