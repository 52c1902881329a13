"""Ask an MLX model, on a Mac with Apple silicon: ``python ask_mlx.py [REF]``; first: llmx model install mlx.

First too: llmx model pull hf:mlx-community/Qwen3-4B-4bit.
"""

import sys

from llmx import LLMConfig, LlmxError, get_llm_client


def main(model: str = "hf:mlx-community/Qwen3-4B-4bit") -> int:
    """Ask; where it cannot be, say why and what to type."""
    try:
        print(
            get_llm_client(LLMConfig(backend="mlx", model=model))
            .generate_sync("What is the capital of France?")
            .content
        )
    except LlmxError as error:
        print(f"{error.message}\n{error.hint or ''}", file=sys.stderr)
        return error.exit_code
    return 0


sys.exit(main(*sys.argv[1:]))
