"""What the command line and the settings say about a window."""

from collections.abc import Mapping
from typing import Any

from llmx.errors import ExecError, UsageError
from llmx.exec.options import TERMINALS
from llmx.exec.terminals.choice import terminal


class WindowRequest:
    """A window, or else a tab, of the terminal called ``name`` or ``auto``; to ``hold`` is to keep it at the end."""

    __slots__ = ("hold", "name", "new_window")

    def __init__(self, name: str, *, hold: bool, new_window: bool) -> None:
        self.name = name
        self.hold = hold
        self.new_window = new_window


def read(fields: dict[str, Any], typed: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Put into ``fields`` what a window changes of a run; raises ``UsageError`` or ``ExecError``."""
    name = _name(typed)
    if "keep_children" in typed:
        raise UsageError(
            "--keep-children: what is left running would lose the window it writes to",
            hint="--detach leaves the whole run to itself",
        )
    if not settings["exec.wezterm.enabled"]:
        raise ExecError(
            "the settings allow no windows: exec.wezterm.enabled is false",
            code="config",
            hint="llmx config show --sources exec.wezterm.enabled says where; --background runs it unseen",
        )
    fields["window"] = WindowRequest(name, hold="hold" in typed, new_window=settings["exec.wezterm.new_window"])
    fields["monitor"] = fields["monitor"] or settings["exec.wezterm.monitor"]
    fields["stdin_wait"] = 0.0  # its stdin is the window's keyboard


def _name(typed: Mapping[str, Any]) -> str:
    name = typed.get("terminal", "wezterm" if "wezterm" in typed else "")
    if "wezterm" in typed and name != "wezterm":
        raise UsageError(f"both --wezterm and --terminal {name} are given", hint="leave one of the two out")
    if not name:
        option = "--detach" if "detach" in typed else "--hold"
        instead = "; --background leaves a run to itself without one" if option == "--detach" else ""
        raise UsageError(f"{option} is for a run in a window", hint=f"add --terminal auto{instead}")
    if name not in TERMINALS:
        terminal(name)
    return str(name)
