"""Write the completion scripts for bash, zsh and fish from the tree that runs the commands."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from typer.core import TyperGroup
from typer.main import get_command

from llmx.cli.app import app
from llmx.cli.lazy import Deferred
from llmx.exec.options import OPTIONS


class Place(NamedTuple):
    """One spot of the command line: the words typed so far, what may follow, and which options take a value."""

    path: str
    members: dict[str, str]
    options: dict[str, str]
    with_value: frozenset[str]


def places() -> list[Place]:
    """Every command of the tree, parents first, and ``llm-exec`` last."""
    found = list(_visit("llmx", get_command(app)))
    run = next(place for place in found if place.path == "llmx exec")
    return [*found, run._replace(path="llm-exec")]


def _visit(path: str, command: Any) -> Iterator[Place]:  # noqa: ANN401  # a command of Typer's vendored Click
    if isinstance(command, Deferred):
        command = command.load()
    if path == "llmx exec":
        options = {flag: option.help for option in OPTIONS for flag in option.flags if flag.startswith("--")}
        valued = frozenset(flag for o in OPTIONS for flag in o.flags if o.kind not in ("flag", "mode"))
    else:
        shown = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        options = {flag: p.help or "" for p in shown for flag in p.opts if flag.startswith("--")}
        options |= {"--help": "Show this message and exit."}
        valued = frozenset(flag for p in shown if not p.is_flag for flag in p.opts)
    members = command.commands if isinstance(command, TyperGroup) else {}
    yield Place(path, {name: member.get_short_help_str(80) for name, member in members.items()}, options, valued)
    for name, member in members.items():
        yield from _visit(f"{path} {name}", member)


HEADER = "# Completion of llmx and llm-exec for {}; written from the command tree, do not edit.\n"


def bash() -> str:
    """The bash script: one ``case`` arm per place; behind a command that llm-exec runs, bash's own completion."""
    found = places()
    known = " ".join(f"{place.path} {name}".replace(" ", "/") for place in found for name in place.members)
    arms = "\n".join(f'    "{place.path}") words="{" ".join([*place.members, *place.options])}" ;;' for place in found)
    valued = " ".join(sorted({flag for place in found for flag in place.with_value}))
    return (
        HEADER.format("bash")
        + f"""_llmx() {{
  local path=${{COMP_WORDS[0]##*/}} words= word before= i
  local known=" {known} "
  local valued=" {valued} "
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    if [[ $valued == *" $before "* ]]; then before=; continue; fi
    before=$word
    if [[ $word == -- ]]; then return; fi
    if [[ $known == *" ${{path// //}}/$word "* ]]; then path+=" $word"; continue; fi
    case $path:$word in llm-exec:[!-]* | "llmx exec":[!-]*) return ;; esac
  done
  if [[ $valued == *" $before "* ]]; then return; fi
  case $path in
{arms}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o default -o bashdefault -F _llmx llmx llm-exec
"""
    )


def zsh() -> str:
    """The zsh script: described words per place."""
    arms = "\n".join(
        f"    ({_quote(place.path)}) words=({' '.join(_quote(_described(w, h)) for w, h in _all(place))}) ;;"
        for place in places()
    )
    known = " ".join(_quote(f"{place.path} {name}") for place in places() for name in place.members)
    return (
        "#compdef llmx llm-exec\n"
        + HEADER.format("zsh")
        + f"""_llmx() {{
  local -a words known
  local place=${{service:-llmx}} i typed=("${{(@)${{(z)BUFFER}}[1,-1]}}")
  known=({known})
  for ((i = 2; i < CURRENT; i++)); do
    [[ $typed[i] == -- ]] && {{ _normal; return }}
    (( $known[(Ie)$place $typed[i]] )) && place+=" $typed[i]"
  done
  case $place in
{arms}
  esac
  _describe 'llmx' words || _files
}}
_llmx "$@"
"""
    )


def fish() -> str:
    """The fish script: one ``complete`` line per word."""
    lines = [HEADER.format("fish").rstrip(), FISH_AT]
    for place in places():
        program, _, rest = place.path.partition(" ")
        condition = f"-n '__llmx_at {rest}'" if program == "llmx" else "-n '__llmx_at'"
        for name, help in place.members.items():
            lines.append(f"complete -c {program} {condition} -f -a {name} -d {_fish_quote(help)}")
        for flag, help in place.options.items():
            value = " -r" if flag in place.with_value else ""
            lines.append(f"complete -c {program} {condition} -l {flag[2:]}{value} -d {_fish_quote(help)}")
    return "\n".join(lines) + "\n"


FISH_AT = """function __llmx_at
    set -l typed (commandline -opc)[2..-1]
    set -l words (string match -v -- '-*' $typed)
    test "$words" = "$argv"
end"""


def _all(place: Place) -> list[tuple[str, str]]:
    return [*place.members.items(), *place.options.items()]


def _described(word: str, help: str) -> str:
    return f"{word}:{help}" if help else word


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SCRIPTS = {"llmx.bash": bash, "_llmx": zsh, "llmx.fish": fish}
"""The file's name in ``completions/`` and what writes it."""
