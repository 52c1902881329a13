"""Templates that tests write: the least that runs, without a model."""

TOML = """
id = "{id}"
version = "1"
category = "Mine"
description = "Counts the words of a text."
tags = ["words"]
{more}
[parameters.text]
type = "string"
description = "What is counted."
[[phases]]
id = "count"
run = "phases:count"
"""
CODE = "def count(context):\n    return len(context.parameters['text'].split())\n"


def write(folder, more="", code=CODE):
    """A template in ``folder``, called like it; returns the folder."""
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(TOML.format(id=folder.name, more=more))
    (folder / "phases.py").write_text(code)
    return folder
