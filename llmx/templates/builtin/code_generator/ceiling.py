"""The most that checking asks: every check fails in every round, and every answer is as long as it may be."""

from llmx.templates.builtin.code_generator.checks import CHECKS, FAILED, MOST_TOLD, Check
from llmx.templates.builtin.code_generator.phases import REPAIR_TOKENS, ask_for_repair
from llmx.templates.ceilings import at_most, longest
from llmx.templates.phases import Context

COMMAND_BYTES = 2000
"""More than any command of a check has, with the longest names of files in it."""


async def check(context: Context) -> None:
    """Ask for as many repairs as there may be."""
    given = context.parameters
    wanted = [name for name in CHECKS if name not in given["skip_checks"]]
    failed = [Check(name, FAILED, "~" * COMMAND_BYTES, "~" * MOST_TOLD) for name in wanted]
    code, tests = longest(REPAIR_TOKENS), longest(REPAIR_TOKENS) if given["include_tests"] else ""
    values = {"failed": failed, "specification": context.results["specify"], "code": code, "tests": tests}
    with at_most():
        for _ in range(given["max_repairs"] if wanted else 0):
            await ask_for_repair(context, values)
