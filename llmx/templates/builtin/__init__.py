"""The templates that come with llmx: each a folder with a ``template.toml``."""
