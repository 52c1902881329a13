"""The demo model that comes with llmx: it answers where nothing else can, and only where that was allowed."""

import os

from llmx.core.plugins import load
from llmx.core.refs import ModelRef

NAME = "demo"
PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "demo.gguf")


def demo() -> ModelRef | None:
    """The demo model; None where nothing is installed that could run it."""
    installed = load("llmx.core.runner.engines:installed")()
    if not os.path.isfile(PATH) or not {"llama-cpp-python", "xllamacpp"} & set(installed):
        return None
    return ModelRef("", backend="gguf", source="file", file=PATH)
