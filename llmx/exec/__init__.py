"""Run one command within limits and come back with one honest result."""
