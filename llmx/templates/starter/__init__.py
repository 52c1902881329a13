"""What `llmx template new` begins with: a template that runs at once, with a golden case; its id is replaced."""
