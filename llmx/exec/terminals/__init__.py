"""Runs that one can watch: the command sits in a window of tmux, WezTerm or another terminal.

One mechanism for all. The terminal is only asked to start ``seat.py``, which hands the window over to the waiting
llm-exec through a private socket. That starts the command as it starts any other, at a terminal of the command's own,
and shows in the window what it says. So nothing about a run depends on where it is shown.
"""

from typing import NamedTuple


class Way(NamedTuple):
    """One command line that opens a window.

    In ``words``, ``{place}`` stands for ``window`` or ``tab`` and ``{back}`` for ``behind``, which leaves the keyboard
    where it is; ``{run}`` for the words to run in there, ``{script}`` for the same within a string of AppleScript,
    ``{title}`` and ``{cwd}`` for texts. ``needs`` names what must be there: ``display``, ``macos``, ``wezterm``, or a
    variable; "" for nothing. ``tells`` says that it prints the name of what it has opened.
    """

    words: tuple[str, ...]
    needs: str = ""
    window: tuple[str, ...] = ()
    tab: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    tells: bool = False


class Terminal(NamedTuple):
    """One terminal: how to see that the caller sits in it, and the ways to open a window, the best first.

    ``inside`` are pairs of a variable and how its value begins. ``says`` is what to do where none of the ways can be
    gone.
    """

    name: str
    inside: tuple[tuple[str, str], ...]
    ways: tuple[Way, ...]
    says: str
