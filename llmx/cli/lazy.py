"""A command group whose members are imported only when they are run.

``Deferred`` stands in for a command until it is resolved: help, completion and "did you mean" read the stand-in, so
none of them imports a command's module.
"""

from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from llmx.core.plugins import load


class Member(NamedTuple):
    """Where a command lives (``module:attribute``), the line that describes it, and its heading in the help."""

    target: str
    help: str
    panel: str


class Deferred(TyperCommand):
    """The stand-in for a command that has not been imported yet."""

    def __init__(self, name: str, member: Member, markup: Any) -> None:  # noqa: ANN401  # Typer's own type is private
        super().__init__(
            name, help=member.help, rich_help_panel=member.panel, rich_markup_mode=markup, add_help_option=False
        )
        self.member = member

    def load(self) -> Any:  # noqa: ANN401  # a command of Typer's vendored Click, whose types are private
        """Import what this stands for and turn it into a command."""
        made = load(self.member.target)
        if isinstance(made, typer.Typer):
            made.rich_markup_mode = self.rich_markup_mode
            command = get_command(made)
        else:
            command = made(self.rich_markup_mode)
        if self.rich_markup_mode is None:
            tell_whole(command)
        command.name = self.name
        command.help = command.help or self.member.help
        return command


def tell_whole(command: Any) -> None:  # noqa: ANN401  # of Typer's vendored Click, as above
    """Let a group's list say each command's first sentence whole: through a pipe it would be cut to one line."""
    for each in getattr(command, "commands", {}).values():
        paragraph = " ".join((each.help or "").split("\n\n")[0].split())
        each.short_help = each.short_help or paragraph.partition(". ")[0].removesuffix(".") + "."
        tell_whole(each)


class LazyGroup(TyperGroup):
    """A Typer group that swaps a ``Deferred`` for the real command on use."""

    members: dict[str, Member] = {}  # noqa: RUF012  # a class is the only thing that Typer lets one hand in

    def __init__(self, **attrs: Any) -> None:  # noqa: ANN401  # handed through to Typer
        super().__init__(**attrs)
        for name, member in self.members.items():
            self.commands.setdefault(name, Deferred(name, member, self.rich_markup_mode))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  # Typer's context is private
        """In the table's order, which is the order of use."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # as above
        """The command that ``args`` name, imported now."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Deferred):
            command = command.load()
            self.commands[str(name)] = command
        return name, command, rest
