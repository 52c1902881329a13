"""Nix users' values: the attribute set ``llm`` of a ``values.nix`` into llmx's settings file, and back."""
