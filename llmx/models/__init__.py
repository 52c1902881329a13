"""Models of this machine: where they come from (hubs, Ollama, URLs), how they get here, and where they lie."""
