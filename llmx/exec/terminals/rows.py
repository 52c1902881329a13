"""The terminals that llm-exec can open a window of: one row each, in the order in which ``auto`` looks for them.

The options are those of the programs' own documentation; ``tests/exec/terminals/documented.py`` lists them.
"""

from llmx.exec.terminals import Terminal, Way

TMUX = Terminal(
    "tmux",
    inside=(("TMUX", ""),),
    ways=(
        Way(
            ("tmux", "{place}", "{back}", "-P", "-F", "#{pane_id}", "{run}"),
            window=("new-window", "-n", "{title}"),
            tab=("split-window",),
            behind=("-d",),
            tells=True,
        ),
    ),
    says="start tmux, and run it there",
)

WEZTERM = Terminal(
    "wezterm",
    inside=(("WEZTERM_PANE", ""), ("WEZTERM_UNIX_SOCKET", ""), ("TERM_PROGRAM", "WezTerm")),
    ways=(
        Way(
            ("wezterm", "cli", "spawn", "{place}", "--cwd", "{cwd}", "--", "{run}"),
            needs="wezterm",
            window=("--new-window",),
            tells=True,
        ),
        Way(
            ("wezterm", "start", "--always-new-process", "--cwd", "{cwd}", "--", "{run}"),
            needs="display",
        ),
        Way(  # a multiplexer that runs unseen must not be started for it
            ("wezterm", "cli", "--no-auto-start", "spawn", "{place}", "--cwd", "{cwd}", "--", "{run}"),
            window=("--new-window",),
            tells=True,
        ),
    ),
    says="open WezTerm, and run it there",
)

KITTY = Terminal(
    "kitty",
    inside=(("KITTY_LISTEN_ON", ""), ("KITTY_PID", ""), ("KITTY_WINDOW_ID", "")),
    ways=(
        Way(
            ("kitty", "@", "launch", "{place}", "{back}", "--cwd", "{cwd}", "--title", "{title}", "{run}"),
            needs="KITTY_LISTEN_ON",
            window=("--type", "os-window"),
            tab=("--type", "tab"),
            behind=("--keep-focus",),
            tells=True,
        ),
        Way(("kitty", "--directory", "{cwd}", "--title", "{title}", "{run}"), needs="display"),
    ),
    says="it needs a display",
)

GHOSTTY = Terminal(
    "ghostty",
    inside=(("TERM_PROGRAM", "ghostty"), ("GHOSTTY_RESOURCES_DIR", "")),
    ways=(
        Way(
            ("open", "-na", "Ghostty.app", "--args", "--working-directory={cwd}", "--title={title}", "-e", "{run}"),
            needs="macos",
        ),
        Way(
            (
                *("ghostty", "--gtk-single-instance=false", "--working-directory={cwd}", "--title={title}"),
                *("-e", "{run}"),
            ),
            needs="display",
        ),
    ),
    says="it needs a display",
)

GNOME_TERMINAL = Terminal(
    "gnome-terminal",
    inside=(("GNOME_TERMINAL_SCREEN", ""), ("GNOME_TERMINAL_SERVICE", "")),
    ways=(
        Way(
            ("gnome-terminal", "{place}", "--working-directory", "{cwd}", "--title", "{title}", "--", "{run}"),
            needs="display",
            window=("--window",),
            tab=("--tab",),
        ),
    ),
    says="it needs a display",
)

_ITERM2 = 'tell application "iTerm2"'

ITERM2 = Terminal(
    "iterm2",
    inside=(("TERM_PROGRAM", "iTerm.app"), ("ITERM_SESSION_ID", "")),
    ways=(
        Way(
            ("osascript", "-e", "{place}"),
            needs="macos",
            window=(f'{_ITERM2} to create window with default profile command "{{script}}"',),
            tab=(f'{_ITERM2} to tell current window to create tab with default profile command "{{script}}"',),
        ),
    ),
    says="it is there on macOS only",
)

XTERM = Terminal(
    "xterm",
    inside=(("XTERM_VERSION", ""),),
    ways=(Way(("xterm", "-T", "{title}", "-e", "{run}"), needs="display"),),
    says="it needs a display",
)

TERMINALS = {row.name: row for row in (TMUX, WEZTERM, KITTY, GHOSTTY, ITERM2, GNOME_TERMINAL, XTERM)}
