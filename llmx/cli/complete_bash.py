"""The completion script for bash."""

from collections.abc import Sequence

from llmx.cli.places import Place


def script(places: Sequence[Place]) -> str:
    """A ``case`` arm per place, and the walk along the typed words that finds the place."""
    return SCRIPT.replace("@ARMS@", "\n".join(_arm(place) for place in places))


def _arm(place: Place) -> str:
    words = " ".join([*place.members, *place.words, *place.options])
    values = " ".join(f"{flag}={','.join(choices)}" for flag, choices in place.values.items())
    runs = " runs=1" if place.runs else ""
    return f'    "{place.path}") members="{" ".join(place.members)}" words="{words}" values="{values}"{runs} ;;'


SCRIPT = r"""# Completion of llmx and llm-exec for bash; written from the command tree, do not edit.

# what may follow at the place $1
_llmx_place() {
  members= words= values= runs=
  case $1 in
@ARMS@
  esac
}

# another program's command line starts at word $1
_llmx_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}

# $words, with the names that llmx knows in the place of each @KIND
_llmx_names() {
  local program=${COMP_WORDS[0]%"${COMP_WORDS[0]##*/}"}llmx word found=
  for word in $words; do
    if [[ $word != @* ]]; then
      found+=" $word"
    elif [[ $1 != -* ]]; then
      found+=" $("$program" __complete "${word#@}" 2>/dev/null)"
    fi
  done
  words=$found
}

_llmx() {
  local path=${COMP_WORDS[0]##*/} typed=${COMP_WORDS[COMP_CWORD]} members words values runs word before= i
  COMPREPLY=()
  _llmx_place "$path"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == = ]]; then # bash splits --option=value in three
      ((i + 1 < COMP_CWORD)) && before=
      ((i += 1))
    elif [[ -n $before && " $values " == *" $before="* ]]; then
      before=
    elif [[ $runs && $word == -- ]]; then
      _llmx_command $((i + 1))
      return
    elif [[ $runs && $word != -* ]]; then
      _llmx_command "$i"
      return
    elif [[ " $members " == *" $word "* ]]; then
      path+=" $word" before=
      _llmx_place "$path"
    else
      before=$word
    fi
  done
  if [[ $typed == = ]]; then typed=; fi
  if [[ -n $before && " $values " == *" $before="* ]]; then
    words=" $values"
    words=${words#*" $before="}
    words=${words%% *}
    words=${words//,/ }
  elif [[ $runs && -n $typed && $typed != -* ]]; then
    _llmx_command "$COMP_CWORD"
    return
  fi
  if [[ " $words" == *" @"* ]]; then _llmx_names "$typed"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$typed")
}
complete -o default -o bashdefault -F _llmx llmx llm-exec
"""
