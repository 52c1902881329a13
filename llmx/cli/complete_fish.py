"""The completion script for fish."""

from collections.abc import Iterator, Sequence

from llmx.cli.places import Place


def script(places: Sequence[Place]) -> str:
    """The walk along the typed words that finds the place, and a ``complete`` line per word of every place."""
    known = " ".join(_quoted(f"{place.path} {name}") for place in places for name in place.members)
    valued = " ".join(_quoted(f"{place.path} {flag}") for place in places for flag in place.values)
    runs = " ".join(_quoted(place.path) for place in places if place.runs)
    walk = WALK.replace("@KNOWN@", known).replace("@VALUED@", valued).replace("@RUNS@", runs)
    return walk + "".join(f"complete {line}\n" for place in places for line in _lines(place))


def _lines(place: Place) -> Iterator[str]:
    at = f"-c {place.path.split()[0]} -n {_quoted(f'__llmx_at {_quoted(place.path)}')}"
    for name, help in place.members.items():
        yield f"{at} -f -a {name} -d {_quoted(help)}"
    if place.words:
        yield f"{at} -f -a {_quoted(_offered(place.words))}"
    for flag, help in place.options.items():
        if "=" in flag:  # fish has no word for an optional value
            continue
        value = ""
        if flag in place.values:
            choices = place.values[flag]
            value = f" -x -a {_quoted(_offered(choices))}" if choices else " -r -F"
        yield f"{at} -l {flag[2:]}{value} -d {_quoted(help)}"


def _offered(words: Sequence[str]) -> str:
    """The words, and a call of llmx for those that are only known when TAB is pressed."""
    return " ".join(f"(__llmx_names {word[1:]})" if word.startswith("@") else word for word in words)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


WALK = r"""# Completion of llmx and llm-exec for fish; written from the command tree, do not edit.

set -g __llmx_known @KNOWN@
set -g __llmx_valued @VALUED@
set -g __llmx_runs @RUNS@

# the place that the words before the cursor lead to; "command N" where another program's line starts at word N
function __llmx_place
    set -l typed (commandline -opc)
    set -l place (string replace -r '.*/' '' -- $typed[1])
    set -l before
    for at in (seq 2 (count $typed))
        set -l word $typed[$at]
        if contains -- "$place $before" $__llmx_valued
            set before
        else if contains -- $place $__llmx_runs; and test "$word" = --
            echo command (math $at + 1)
            return
        else if contains -- $place $__llmx_runs; and not string match -q -- '-*' $word
            echo command $at
            return
        else if contains -- "$place $word" $__llmx_known
            set place "$place $word"
            set before
        else
            set before $word
        end
    end
    if contains -- $place $__llmx_runs; and not contains -- "$place $before" $__llmx_valued
        and not string match -q -- '-*' (commandline -ct)
        echo command (math (count $typed) + 1)
        return
    end
    echo $place
end

# the names that llmx knows of a kind; none where an option is being typed
function __llmx_names
    string match -qr -- '^-[^=]*$' (commandline -ct)
    and return
    set -l typed (commandline -opc)
    set -l program (string replace -r '[^/]*$' llmx -- $typed[1])
    command -q $program
    and command $program __complete $argv[1] 2>/dev/null
end

function __llmx_at
    test "$(__llmx_place)" = "$argv"
end

function __llmx_at_command
    string match -q -- 'command *' "$(__llmx_place)"
end

function __llmx_command
    set -l typed (commandline -opc)
    set -l from (string split ' ' -- "$(__llmx_place)")[2]
    set -l words
    if test $from -le (count $typed)
        set words (string escape -- $typed[$from..-1])
    end
    complete -C (string join -- ' ' $words (commandline -ct))
end

complete -c llmx -n __llmx_at_command -f -a '(__llmx_command)'
complete -c llm-exec -n __llmx_at_command -f -a '(__llmx_command)'
"""
