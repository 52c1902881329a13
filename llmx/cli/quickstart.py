"""``llmx quickstart``: see llmx at work within seconds, without a network."""

import shlex

import typer

from llmx.cli.output import Output, OutputOption
from llmx.cli.warned import tell_warnings
from llmx.conversations.quickstart import COMMAND, QUESTION, next_command, steps
from llmx.core.jsonline import dumps
from llmx.core.settings.sources import shown
from llmx.errors import InconclusiveError

app = typer.Typer(add_completion=False)


@app.command()
def quickstart(output: OutputOption = Output.text) -> None:
    """Run a command in the sandbox, ask the demo model a question, and say what to type for a real model."""
    tell_warnings()
    tried, following = steps(), next_command()
    if output == Output.json:
        print(
            dumps(
                {step.name: {"done": step.is_done, "text": step.text, **step.facts} for step in tried}
                | {"next": following}
            )
        )
        if not all(step.is_done for step in tried):
            raise typer.Exit(InconclusiveError.exit_code)
        return
    typed = {"sandbox": f"llm-exec --monitor -- {shlex.join(COMMAND)}", "demo": f'llmx generate "{QUESTION}"'}
    for step in tried:
        print(f"$ {typed[step.name]}\n  {'' if step.is_done else 'not done: '}{_lines(step.text)}")
    print(f"\nThe demo model knows next to nothing. A real one that fits this machine:\n\n  {following}")
    missed = [step.name for step in tried if not step.is_done]
    if missed:
        raise InconclusiveError(f"quickstart: not done: {', '.join(missed)}", hint="llmx doctor")


def _lines(text: str) -> str:
    """Text that may be printed, its lines kept."""
    return "\n".join(shown(line) for line in text.splitlines())
