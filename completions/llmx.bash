# Completion of llmx and llm-exec for bash; written from the command tree, do not edit.
_llmx() {
  local path=${COMP_WORDS[0]##*/} words= word before= i
  local known=" llmx/exec llmx/config llmx/trust llmx/undo llmx/history llmx/help llmx/completion llmx/version llmx/config/init llmx/config/show llmx/config/get llmx/config/set llmx/config/unset llmx/config/validate llmx/config/schema llmx/config/paths llmx/config/profiles llmx/config/edit llmx/trust/add llmx/trust/list llmx/trust/revoke llmx/completion/show llmx/completion/install "
  local valued=" --capture --command --config --cpu-time --cwd --file --grace --max-file-size --max-output --max-procs --memory --output --profile --result --stall-timeout --stdin --timeout "
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $valued == *" $before "* ]]; then before=; continue; fi
    before=$word
    if [[ $word == -- ]]; then return; fi
    if [[ $known == *" ${path// //}/$word "* ]]; then path+=" $word"; continue; fi
    case $path:$word in llm-exec:[!-]* | "llmx exec":[!-]*) return ;; esac
  done
  if [[ $valued == *" $before "* ]]; then return; fi
  case $path in
    "llmx") words="exec config trust undo history help completion version --version --help" ;;
    "llmx exec") words="--command --cwd --stdin --keep-children --timeout --stall-timeout --grace --memory --cpu-time --max-procs --max-file-size --max-output --json --result --monitor --capture --quiet --no-sandbox --config --profile --schema --help" ;;
    "llmx config") words="init show get set unset validate schema paths profiles edit --help" ;;
    "llmx config init") words="--force --help" ;;
    "llmx config show") words="--sources --output --config --profile --help" ;;
    "llmx config get") words="--output --config --profile --help" ;;
    "llmx config set") words="--help" ;;
    "llmx config unset") words="--help" ;;
    "llmx config validate") words="--file --output --config --profile --help" ;;
    "llmx config schema") words="--help" ;;
    "llmx config paths") words="--output --config --help" ;;
    "llmx config profiles") words="--output --help" ;;
    "llmx config edit") words="--help" ;;
    "llmx trust") words="add list revoke --help" ;;
    "llmx trust add") words="--output --help" ;;
    "llmx trust list") words="--output --help" ;;
    "llmx trust revoke") words="--output --help" ;;
    "llmx undo") words="--force --output --help" ;;
    "llmx history") words="--output --help" ;;
    "llmx help") words="--help" ;;
    "llmx completion") words="show install --help" ;;
    "llmx completion show") words="--help" ;;
    "llmx completion install") words="--help" ;;
    "llmx version") words="--verbose --short --output --help" ;;
    "llm-exec") words="--command --cwd --stdin --keep-children --timeout --stall-timeout --grace --memory --cpu-time --max-procs --max-file-size --max-output --json --result --monitor --capture --quiet --no-sandbox --config --profile --schema --help" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -o bashdefault -F _llmx llmx llm-exec
