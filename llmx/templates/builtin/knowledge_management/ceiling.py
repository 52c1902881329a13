"""The most that a question asks: at worst the model's context holds one passage at a time."""

from llmx.templates.dividing import plan_in_parts
from llmx.templates.phases import Context


async def ask(context: Context) -> None:
    """Ask about the passages."""
    await plan_in_parts(context, "ask", context.results["search"]["passages"])
