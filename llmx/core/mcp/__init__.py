"""Speak to MCP servers."""
