"""Folders that hold nothing which anybody has written: what is installed, and what is built."""

SKIPPED = {".git", "node_modules", "__pycache__", ".venv", "venv", "dist", "build", "target", ".tox", "vendor"}
