"""What the terminals' own documentation says about their command lines, as far as any of it is used.

Taken from: wezterm.org/cli/cli/spawn.html and wezterm.org/cli/start.html, `wezterm cli --help`;
sw.kovidgoyal.net/kitty/invocation and kitten-@-launch(1); ghostty.org/docs/config/reference (every option of the
configuration is one of the command line, as ``--name=value``); gnome-terminal(1); iterm2.com/applescript.html; open(1)
of macOS; xterm(1); tmux(1).
"""

import re
import shlex
from typing import NamedTuple


class Undocumented(Exception):  # noqa: N818  # a word, not a failure
    """The program would refuse this word."""


class Syntax(NamedTuple):
    """One program or subcommand.

    ``joined`` options take their value after ``=``, ``valued`` ones also as the next word. The command to run follows
    ``before`` (``--``, ``-e``), or where that is "" the first word that is no option.
    """

    flags: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    before: str | None = None
    members: dict[str, "Syntax"] = {}  # noqa: RUF012  # a default of a tuple's field


def words(text):
    return frozenset(text.split())


GHOSTTY = Syntax(
    joined=words("--gtk-single-instance --working-directory --title --class --command"),
    before="-e",
)

PROGRAMS = {
    "wezterm": Syntax(
        flags=words("-n --skip-config"),
        valued=words("--config-file --config"),
        members={
            "start": Syntax(
                flags=words("--no-auto-connect --always-new-process --new-tab"),
                valued=words("--cwd --class --workspace --position --domain"),
                before="--",
            ),
            "cli": Syntax(
                flags=words("--no-auto-start --prefer-mux"),
                valued=words("--class"),
                members={
                    "spawn": Syntax(
                        flags=words("--new-window"),
                        valued=words("--pane-id --domain-name --window-id --cwd --workspace"),
                        before="--",
                    )
                },
            ),
        },
    ),
    "kitty": Syntax(
        flags=words("--single-instance -1 --detach --hold --dump-commands --debug-input"),
        valued=words("--class --name --title -T --config -c --override -o --directory -d --session --listen-on"),
        before="",
        members={
            "@": Syntax(
                valued=words("--to --password --password-file --password-env --use-password"),
                members={
                    "launch": Syntax(
                        flags=words("--keep-focus --dont-take-focus --hold --copy-env --no-response --self"),
                        valued=words("--match -m --title --window-title --tab-title --type --cwd --env --location"),
                        before="",
                    )
                },
            )
        },
    ),
    "ghostty": GHOSTTY,
    "gnome-terminal": Syntax(
        flags=words("--window --tab --active --maximize --full-screen --wait --quiet -q --hide-menubar --show-menubar"),
        valued=words("--title -t --working-directory --profile --geometry --zoom --role --display"),
        before="--",
    ),
    "xterm": Syntax(flags=words("-hold +hold"), valued=words("-T -title -n -geometry -display"), before="-e"),
    "open": Syntax(flags=words("-n -F -g -W"), valued=words("-a -na"), members={"--args": GHOSTTY}),
}

_ITERM2 = re.compile(
    r'tell application "iTerm2" to (?:create window|tell current window to create tab)'
    r' with default profile command "((?:[^"\\]|\\["\\])*)"'
)


def command_of(program, arguments):
    """The command that ``program`` would run in its window; raises ``Undocumented``."""
    if program == "osascript":
        return _of_script(arguments)
    return _command(PROGRAMS[program], list(arguments))


def _of_script(arguments):
    if len(arguments) != 2 or arguments[0] != "-e" or not (found := _ITERM2.fullmatch(arguments[1])):
        raise Undocumented(arguments)
    return shlex.split(re.sub(r"\\(.)", r"\1", found[1]))


def _command(syntax, left):
    while left:
        word = left.pop(0)
        name, is_joined, _ = word.partition("=")
        if word == syntax.before:
            return left
        if word in syntax.members:
            return _command(syntax.members[word], left)
        if word in syntax.flags or (is_joined and name in syntax.valued | syntax.joined):
            continue
        if word in syntax.valued and left:
            left.pop(0)
            continue
        if syntax.before == "" and not word.startswith("-"):
            return [word, *left]
        raise Undocumented(word)
    raise Undocumented("there is no command to run")
