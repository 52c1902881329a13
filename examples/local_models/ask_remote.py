"""Ask a model on another machine of yours, by any server that speaks OpenAI's API (vLLM, llama-server, LM Studio):

python ask_remote.py http://my-server:8000/v1 MODEL
"""

import os
import sys

from llmx import LLMConfig, get_llm_client


def main(url: str, model: str) -> None:
    """Ask, with the key in ``SERVER_KEY`` where the server wants one."""
    config = LLMConfig(backend="openai", model=model, api_base=url, api_key=os.environ.get("SERVER_KEY", "none"))
    print(get_llm_client(config).generate_sync("What is the capital of France?").content)


main(*sys.argv[1:])
