"""What is told beside the data: notes on stderr, which ``--quiet`` leaves out."""

import sys


class Voice:
    """Whether notes are told; the one state that commands share."""

    is_silent = False


def note(text: str) -> None:
    """Tell the user something beside the data."""
    if not Voice.is_silent:
        print(f"note: {text}", file=sys.stderr)


def silence() -> None:
    """Tell nothing from now on; errors are told all the same."""
    Voice.is_silent = True
