"""``llmx help TOPIC``: the guide, one Markdown chapter a topic."""

from importlib.resources import files
from typing import Annotated

import typer

from llmx.cli.output import Output, OutputOption
from llmx.core.jsonline import dumps
from llmx.errors import NotFoundError, nearest

ALSO = dict.fromkeys(("client", "clients", "endpoint", "hook", "hooks", "lsp", "mcp", "permissions"), "coding-agents")
"""Words that people look for, and the chapter that tells of them."""

app = typer.Typer(add_completion=False)


@app.command()
def chapter(
    topic: Annotated[str, typer.Argument(help="The chapter's name; none lists them.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Read a chapter of the guide."""
    chapters = topics()
    if not topic:
        listed = [{"topic": name, "title": title} for name, title in chapters.items()]
        width = max(map(len, chapters)) + 2
        lines = "\n".join(f"{name:{width}}{title}" for name, title in chapters.items())
        print(dumps(listed) if output == Output.json else lines)
        return
    topic = topic if topic in chapters else ALSO.get(topic, topic)
    if topic not in chapters:
        near = nearest(topic, chapters)
        hint = f"did you mean `llmx help {near}`?" if near else "`llmx help` lists the chapters"
        raise NotFoundError(f"no chapter is called {topic}", hint=hint)
    text = (files("llmx") / "data" / "guide" / f"{topic}.md").read_text()
    if output == Output.json:
        text = dumps({"topic": topic, "title": chapters[topic], "text": text}) + "\n"
    print(text, end="")


def topics() -> dict[str, str]:
    """Each chapter's name and title, in alphabetical order."""
    folder = files("llmx") / "data" / "guide"
    chapters = sorted(item.name.removesuffix(".md") for item in folder.iterdir() if item.name.endswith(".md"))
    return {name: (folder / f"{name}.md").read_text().splitlines()[0].lstrip("# ") for name in chapters}
