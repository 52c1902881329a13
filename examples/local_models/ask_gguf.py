"""Ask a GGUF model that llmx runs itself: ``python ask_gguf.py [REF]``; without one, the demo model of llmx.

First: llmx model install gguf, llmx model pull REF.
"""

import sys

from llmx import LLMConfig, get_llm_client
from llmx.core.demo import PATH


def main(model: str = f"file:{PATH}") -> None:
    """Ask, and tell what it took."""
    response = get_llm_client(LLMConfig(model=model, temperature=0.0)).generate_sync("What is the capital of France?")
    print(response.content)
    print(f"{response.usage.completion_tokens} tokens by {response.backend}", file=sys.stderr)


main(*sys.argv[1:])
