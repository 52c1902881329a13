"""The command tree (floor 5): the only place with Typer and Rich. A command parses, calls one function, shows."""
