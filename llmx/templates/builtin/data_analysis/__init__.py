"""Analyze a table: all numbers are computed, the model only says in words what they show."""
