"""Agents: named records of who answers, and how. One TOML file each, read and changed through a registry."""
