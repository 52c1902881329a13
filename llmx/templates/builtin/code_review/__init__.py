"""Review code: what a model finds is checked against the source before it is told."""
