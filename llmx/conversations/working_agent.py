"""An agent in Python: it gets a client from whoever runs it, and asks with what it knows as context."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from llmx.core.client import LLMClient
from llmx.core.response import Response


class BaseAgent(ABC):
    """What an agent's class is made from; its own work is ``analyze``."""

    name = ""
    """What a run's results are listed under; the class's name where nothing is said."""
    system = ""

    def __init__(self, llm_client: LLMClient | None = None) -> None:
        self.llm_client = llm_client or LLMClient()

    @abstractmethod
    async def analyze(self) -> Any:  # noqa: ANN401  # what an agent finds is its own matter
        """One turn of its work."""

    async def use_llm(self, prompt: str, context: Mapping[str, Any] | None = None) -> Response:
        """Ask the model; ``context`` goes as JSON into the system message. Raises where there is no answer."""
        return await use_llm(self.llm_client, prompt, context, system=self.system)


class PromptAgent(BaseAgent):
    """An agent whose work is one prompt."""

    def __init__(self, llm_client: LLMClient, name: str, prompt: str, system: str = "") -> None:
        super().__init__(llm_client)
        self.name, self.prompt, self.system = name, prompt, system

    async def analyze(self) -> Response:
        """The answer to the prompt."""
        return await self.use_llm(self.prompt)


async def use_llm(
    client: LLMClient, prompt: str, context: Mapping[str, Any] | None = None, *, system: str = ""
) -> Response:
    """The answer to ``prompt``, with ``context`` as JSON in the system message."""
    known = f"Context:\n{json.dumps(context, ensure_ascii=False, default=str)}" if context else ""
    return await client.generate(prompt, "\n\n".join(text for text in (system, known) if text) or None)
