"""The phases that are done in code."""

from llmx.templates.phases import Context


def count(context: Context) -> dict[str, int]:
    """What a model would only guess."""
    text = context.parameters["text"]
    return {"words": len(text.split()), "lines": len(text.splitlines())}


def report(context: Context) -> dict[str, object]:
    """Put together what came before, and make a file of it."""
    summary = context.results["summarize"].strip()
    context.add("summary.md", f"# Summary\n\n{summary}\n", "text/markdown")
    return {"text": summary, **context.results["count"]}
