"""Ask a model that Ollama runs: ``python ask_ollama.py [MODEL]``; first: llmx model pull ollama/qwen2.5:1.5b."""

import asyncio
import sys

from llmx import LLMConfig, get_llm_client


async def main(model: str = "qwen2.5:1.5b") -> None:
    """Print the answer while it comes."""
    client = get_llm_client(LLMConfig(backend="ollama", model=model))
    async for event in client.stream("Why is the sky blue? Answer in one sentence."):
        print(getattr(event, "text", ""), end="", flush=True)
    print()


asyncio.run(main(*sys.argv[1:]))
