"""The completion script for zsh."""

from collections.abc import Sequence

from llmx.cli.places import Place


def script(places: Sequence[Place]) -> str:
    """Described words per place, and the walk along the typed words that finds the place."""
    return SCRIPT.replace("@ARMS@", "\n".join(_arm(place) for place in places))


def _arm(place: Place) -> str:
    words = {**place.members, **dict.fromkeys(place.words, "")}
    lists = {
        "members": place.members,
        "offered": [_described(word, help) for word, help in words.items()],
        "options": [_described(flag, help) for flag, help in place.options.items()],
        "valued": place.values,
    }
    filled = " ".join(f"{name}=({' '.join(map(_quoted, words))})" for name, words in lists.items() if words)
    choices = [f"'{flag} {choice}'" for flag, choices in place.values.items() for choice in choices]
    return f"    ('{place.path}') {filled} choices=({' '.join(choices)}){' runs=1' if place.runs else ''} ;;"


def _described(word: str, help: str) -> str:
    return f"{word}:{help}" if help else word


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SCRIPT = r"""#compdef llmx llm-exec
# Completion of llmx and llm-exec for zsh; written from the command tree, do not edit.

# what may follow at the place $1
_llmx_place() {
  members=() offered=() options=() valued=() choices=() runs=
  case $1 in
@ARMS@
  esac
}

# the names that llmx knows of kind $1, into found
_llmx_names() {
  local program=${words[1]%${words[1]:t}}llmx
  found=(${(f)"$(command $program __complete $1 2>/dev/null)"})
  found=(${found//:/\\:})
}

_llmx() {
  local place=${service:-llmx} before= runs i
  local -a members offered options valued choices found
  _llmx_place $place
  for ((i = 2; i < CURRENT; i++)); do
    if [[ -n $before ]] && (( $valued[(Ie)$before] )); then
      before=
    elif [[ -n $runs && ( $words[i] == -- || $words[i] != -* ) ]]; then
      [[ $words[i] == -- ]] && (( i++ ))
      shift $(( i - 1 )) words
      (( CURRENT -= i - 1 ))
      _normal
      return
    elif (( $members[(Ie)$words[i]] )); then
      place+=" $words[i]" before=
      _llmx_place $place
    else
      before=$words[i]
    fi
  done
  if [[ -n $before ]] && (( $valued[(Ie)$before] )); then
    found=(${${(M)choices:#$before *}#$before })
    [[ $found[1] == @* ]] && _llmx_names ${found[1]#@}
    if (( $#found )); then
      _describe value found
    else
      _files
    fi
  elif [[ -n $runs && -n $words[CURRENT] && $words[CURRENT] != -* ]]; then
    shift $(( CURRENT - 1 )) words
    CURRENT=1
    _normal
  elif [[ $words[CURRENT] == -* ]] || (( ! $#offered )); then
    _describe option options || _files
  else
    for before in ${(M)offered:#@*}; do
      _llmx_names ${before#@}
      offered=(${offered:#$before} $found)
    done
    _describe word offered || _files
  fi
}
_llmx "$@"
"""
