"""Talk with a model, once or over many turns."""
