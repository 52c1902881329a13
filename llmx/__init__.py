"""llmx: run language models, and the coding agents that use them, safely on your own machine."""

__version__ = "0.1.0"
