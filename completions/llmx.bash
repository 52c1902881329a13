# Completion of llmx and llm-exec for bash; written from the command tree, do not edit.

# what may follow at the place $1
_llmx_place() {
  members= words= values= runs=
  case $1 in
    "llmx") members="generate chat embed template workflow backend session usage keys exec runs model agent client agents-md prompt mcp lsp hook config trust undo history cache quickstart doctor selftest help completion version" words="generate chat embed template workflow backend session usage keys exec runs model agent client agents-md prompt mcp lsp hook config trust undo history cache quickstart doctor selftest help completion version --output --quiet --trace --profile --config --version --help" values="--output=text,json --trace=off,error,warn,info,debug,trace --profile=@profiles -p=@profiles --config= -c=" ;;
    "llmx generate") members="" words="--system --image --agent --schema --truncate --model --backend --api-base --temperature --top-p --max-tokens --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --session --stream --output --help" values="--system= -s= --image= --agent= -a= --schema= --model= -m= --backend= -b= --api-base= --temperature= --top-p= --max-tokens= --timeout= --record= --replay= --max-cost= --max-tokens-total= --keep-alive= --session= --output=text,json" ;;
    "llmx chat") members="" words="--system --agent --model --backend --api-base --temperature --top-p --max-tokens --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --truncate --session --markdown --help" values="--system= -s= --agent= -a= --model= -m= --backend= -b= --api-base= --temperature= --top-p= --max-tokens= --timeout= --record= --replay= --max-cost= --max-tokens-total= --keep-alive= --session=" ;;
    "llmx embed") members="" words="--lines --model --backend --api-base --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --output --help" values="--model= -m= --backend= -b= --api-base= --timeout= --record= --replay= --max-cost= --max-tokens-total= --output=text,json" ;;
    "llmx template") members="list info search schema exec batch estimate new import test" words="list info search schema exec batch estimate new import test --help" values="" ;;
    "llmx template list") members="" words="--category --output --help" values="--category= --output=text,json" ;;
    "llmx template info") members="" words="--show-schema --output --help" values="--output=text,json" ;;
    "llmx template search") members="" words="--category --output --help" values="--category= --output=text,json" ;;
    "llmx template schema") members="" words="--help" values="" ;;
    "llmx template exec") members="" words="--param --params-file --output-dir --force --report --plan --fail-on --min-coverage --diff --staged --baseline --update-baseline --votes --canary --jobs --seed --resume --model --backend --api-base --temperature --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --output --help" values="--param= --params-file= --output-dir= -o= --report= --fail-on= --min-coverage= --diff= --baseline= --votes= --canary= --jobs= --seed= --resume= --model= -m= --backend= -b= --api-base= --temperature= --timeout= --record= --replay= --max-cost= --max-tokens-total= --keep-alive= --output=text,json" ;;
    "llmx template batch") members="" words="--jobs --resume --fail-on --min-coverage --seed --model --backend --api-base --temperature --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --help" values="--jobs= -j= --resume= --fail-on= --min-coverage= --seed= --model= -m= --backend= -b= --api-base= --temperature= --record= --replay= --max-cost= --max-tokens-total= --keep-alive=" ;;
    "llmx template estimate") members="" words="--param --params-file --diff --staged --model --backend --api-base --output --help" values="--param= --params-file= --diff= --model= -m= --backend= -b= --api-base= --output=text,json" ;;
    "llmx template new") members="" words="--output --help" values="--output=text,json" ;;
    "llmx template import") members="" words="--name --output --help" values="--name= --output=text,json" ;;
    "llmx template test") members="" words="--case --record --live --model --backend --api-base --output --help" values="--case= --model= -m= --backend= -b= --api-base= --output=text,json" ;;
    "llmx workflow") members="run validate" words="run validate --help" values="" ;;
    "llmx workflow run") members="" words="--input --mode --max-steps --output-dir --force --report --fail-on --min-coverage --resume --model --backend --api-base --temperature --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --output --help" values="--input= --mode= --max-steps= --output-dir= -o= --report= --fail-on= --min-coverage= --resume= --model= -m= --backend= -b= --api-base= --temperature= --timeout= --record= --replay= --max-cost= --max-tokens-total= --keep-alive= --output=text,json" ;;
    "llmx workflow validate") members="" words="--output --help" values="--output=text,json" ;;
    "llmx backend") members="list test" words="list test --help" values="" ;;
    "llmx backend list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx backend test") members="" words="--api-base --timeout --output --help" values="--api-base= --timeout= --output=text,json" ;;
    "llmx session") members="list show resume suspend complete delete gc export import" words="list show resume suspend complete delete gc export import --help" values="" ;;
    "llmx session list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session show") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session resume") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session suspend") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session complete") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session delete") members="" words="--output --help" values="--output=text,json" ;;
    "llmx session gc") members="" words="--older-than --output --help" values="--older-than= --output=text,json" ;;
    "llmx session export") members="" words="--to --help" values="--to=" ;;
    "llmx session import") members="" words="--name --output --help" values="--name= --output=text,json" ;;
    "llmx usage") members="" words="--by --since --prometheus --output --help" values="--by= --since= --output=text,json" ;;
    "llmx keys") members="add list remove" words="add list remove --help" values="" ;;
    "llmx keys add") members="" words="--output --help" values="--output=text,json" ;;
    "llmx keys list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx keys remove") members="" words="--output --help" values="--output=text,json" ;;
    "llmx exec") members="" words="--command --cwd --stdin --keep-children --timeout --stall-timeout --grace --memory --cpu-time --max-procs --max-file-size --max-output --json --json=full --result --monitor --capture --keep-output --background --terminal --wezterm --detach --hold --last --quiet --no-sandbox --level --write --read --env --net --connect --publish --gpu --no-gpu --explain --nix-shell --deps --nix-pure --uv --deps-from --config --profile --schema --help" values="--command= --cwd= --stdin= --timeout= --stall-timeout= --grace= --memory= --cpu-time= --max-procs= --max-file-size= --max-output= --result= --capture= --terminal=auto,wezterm,tmux,kitty,ghostty,xterm,gnome-terminal,iterm2 --level=restricted,safe,privileged --write= --read= --env= --net=none,host --connect= --publish= --gpu= --deps= --uv= --deps-from= --config= --profile=@profiles" runs=1 ;;
    "llmx runs") members="list show logs stop wait stats prune" words="list show logs stop wait stats prune --help" values="" ;;
    "llmx runs list") members="" words="--limit --all --status --command --since --output --help" values="--limit= -n= --status=ok,failed,timeout,stalled,limit,denied,signal,interrupted,window_closed,error,running,lost --command= --since= --output=text,json" ;;
    "llmx runs show") members="" words="@runs --svg --output --help" values="--svg= --output=text,json" ;;
    "llmx runs logs") members="" words="@runs --follow --stream --help" values="--stream=stdout,stderr" ;;
    "llmx runs stop") members="" words="@runs --force --output --help" values="--output=text,json" ;;
    "llmx runs wait") members="" words="@runs --timeout --output --help" values="--timeout= --output=text,json" ;;
    "llmx runs stats") members="" words="--since --output --help" values="--since= --output=text,json" ;;
    "llmx runs prune") members="" words="--older-than --all --output --help" values="--older-than= --output=text,json" ;;
    "llmx model") members="pull remove available install list info presets load unload status bench stats" words="pull remove available install list info presets load unload status bench stats --help" values="" ;;
    "llmx model pull") members="" words="--quantization --file --revision --projector --connections --force --progress --output --help" values="--quantization= -q= --file= --revision= --connections= --progress=auto,bar,plain,json,none --output=text,json" ;;
    "llmx model remove") members="" words="--yes --force --output --help" values="--output=text,json" ;;
    "llmx model available") members="" words="--recommended --output --help" values="--output=text,json" ;;
    "llmx model install") members="" words="--output --help" values="--output=text,json" ;;
    "llmx model list") members="" words="--backend --verbose --output --help" values="--backend= -b= --output=text,json" ;;
    "llmx model info") members="" words="--context --output --help" values="--context= --output=text,json" ;;
    "llmx model presets") members="" words="--output --help" values="--output=text,json" ;;
    "llmx model load") members="" words="--preset --keep-alive --context --pull --dry-run --output --help" values="--preset= --keep-alive= --context= --output=text,json" ;;
    "llmx model unload") members="" words="--output --help" values="--output=text,json" ;;
    "llmx model status") members="" words="--require --output --help" values="--require=ollama,gguf,mlx --output=text,json" ;;
    "llmx model bench") members="" words="--vs --words --tokens --max-cost --max-tokens-total --output --help" values="--vs= --words= --tokens= --max-cost= --max-tokens-total= --output=text,json" ;;
    "llmx model stats") members="" words="--output --help" values="--output=text,json" ;;
    "llmx agent") members="init list get create set edit delete default enable disable resolve run export import" words="init list get create set edit delete default enable disable resolve run export import --help" values="" ;;
    "llmx agent init") members="" words="--output --help" values="--output=text,json" ;;
    "llmx agent list") members="" words="--active --output --help" values="--output=text,json" ;;
    "llmx agent get") members="" words="@agents --output --help" values="--output=text,json" ;;
    "llmx agent create") members="" words="--provider --model --name --description --endpoint --api-key --timeout --temperature --top-p --max-tokens --system --tool --default --output --help" values="--provider= --model= -m= --name= --description= --endpoint= --api-key= --timeout= --temperature= --top-p= --max-tokens= --system= -s= --tool= --output=text,json" ;;
    "llmx agent set") members="" words="@agents --output --help" values="--output=text,json" ;;
    "llmx agent edit") members="" words="@agents --help" values="" ;;
    "llmx agent delete") members="" words="@agents --yes --help" values="" ;;
    "llmx agent default") members="" words="@agents --help" values="" ;;
    "llmx agent enable") members="" words="@agents --help" values="" ;;
    "llmx agent disable") members="" words="@agents --help" values="" ;;
    "llmx agent resolve") members="" words="@agents --explain --strict --output --help" values="--output=text,json" ;;
    "llmx agent run") members="" words="@agents --every --model --backend --api-base --temperature --top-p --max-tokens --timeout --cache --fresh --record --replay --max-cost --max-tokens-total --keep-alive --output --help" values="--every= --model= -m= --backend= -b= --api-base= --temperature= --top-p= --max-tokens= --timeout= --record= --replay= --max-cost= --max-tokens-total= --keep-alive= --output=text,json" ;;
    "llmx agent export") members="" words="@agents --output --help" values="--output=text,json" ;;
    "llmx agent import") members="" words="--force --output --help" values="--output=text,json" ;;
    "llmx client") members="list show import render diff apply check permit deny revoke verify undo history endpoint" words="list show import render diff apply check permit deny revoke verify undo history endpoint --help" values="" ;;
    "llmx client list") members="" words="--versions --output --help" values="--output=text,json" ;;
    "llmx client show") members="" words="@clients --output --help" values="--output=text,json" ;;
    "llmx client import") members="" words="@clients --project --dry-run --output --help" values="--output=text,json" ;;
    "llmx client render") members="" words="@clients --user --project --output --help" values="--output=text,json" ;;
    "llmx client diff") members="" words="@clients --user --project --overwrite --output --help" values="--output=text,json" ;;
    "llmx client apply") members="" words="@clients --user --project --overwrite --dry-run --output --help" values="--output=text,json" ;;
    "llmx client check") members="" words="@clients --user --project --output --help" values="--output=text,json" ;;
    "llmx client permit") members="" words="@clients --output --help" values="--output=text,json" ;;
    "llmx client deny") members="" words="@clients --output --help" values="--output=text,json" ;;
    "llmx client revoke") members="" words="@clients --output --help" values="--output=text,json" ;;
    "llmx client verify") members="" words="@clients --output --help" values="--output=text,json" ;;
    "llmx client undo") members="" words="--output --help" values="--output=text,json" ;;
    "llmx client history") members="" words="--output --help" values="--output=text,json" ;;
    "llmx client endpoint") members="set reset" words="set reset --help" values="" ;;
    "llmx client endpoint set") members="" words="--model --small-model --api-key --overwrite --output --help" values="--model= -m= --small-model= --api-key= --output=text,json" ;;
    "llmx client endpoint reset") members="" words="--output --help" values="--output=text,json" ;;
    "llmx agents-md") members="init update show" words="init update show --help" values="" ;;
    "llmx agents-md init") members="" words="--force --output --help" values="--output=text,json" ;;
    "llmx agents-md update") members="" words="--check --add --output --help" values="--output=text,json" ;;
    "llmx agents-md show") members="" words="--for --client --output --help" values="--for= --client= --output=text,json" ;;
    "llmx prompt") members="list show render new check enable disable" words="list show render new check enable disable --help" values="" ;;
    "llmx prompt list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx prompt show") members="" words="@prompts --client --exec --output --help" values="--client= --output=text,json" ;;
    "llmx prompt render") members="" words="@prompts --var --client --exec --output --help" values="--var= --client= --output=text,json" ;;
    "llmx prompt new") members="" words="--description --kind --register --output --help" values="--description= --kind=subagent,command,skill --output=text,json" ;;
    "llmx prompt check") members="" words="@prompts --output --help" values="--output=text,json" ;;
    "llmx prompt enable") members="" words="@prompts --kind --project --help" values="--kind=subagent,command,skill" ;;
    "llmx prompt disable") members="" words="@prompts --project --help" values="" ;;
    "llmx mcp") members="add list remove enable disable check" words="add list remove enable disable check --help" values="" ;;
    "llmx mcp add") members="" words="--url --env --header --transport --timeout --cwd --project --output --help" values="--url= --env= --header= --transport= --timeout= --cwd= --output=text,json" ;;
    "llmx mcp list") members="" words="--client --all --output --help" values="--client= --output=text,json" ;;
    "llmx mcp remove") members="" words="--project --help" values="" ;;
    "llmx mcp enable") members="" words="--project --help" values="" ;;
    "llmx mcp disable") members="" words="--project --help" values="" ;;
    "llmx mcp check") members="" words="--client --deadline --output --help" values="--client= --deadline= --output=text,json" ;;
    "llmx lsp") members="list enable disable check" words="list enable disable check --help" values="" ;;
    "llmx lsp list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx lsp enable") members="" words="--project --help" values="" ;;
    "llmx lsp disable") members="" words="--project --help" values="" ;;
    "llmx lsp check") members="" words="--deadline --output --help" values="--deadline= --output=text,json" ;;
    "llmx hook") members="enable disable session-start pre-command" words="enable disable session-start pre-command --help" values="" ;;
    "llmx hook enable") members="" words="llm-exec agents-md --project --help" values="" ;;
    "llmx hook disable") members="" words="llm-exec agents-md --project --help" values="" ;;
    "llmx hook session-start") members="" words="--help" values="" ;;
    "llmx hook pre-command") members="" words="--help" values="" ;;
    "llmx config") members="init show get set unset validate schema paths profiles import export edit" words="init show get set unset validate schema paths profiles import export edit --help" values="" ;;
    "llmx config init") members="" words="--force --preset --help" values="--preset=" ;;
    "llmx config show") members="" words="@settings --sources --output --config --profile --help" values="--output=text,json --config= --profile=@profiles" ;;
    "llmx config get") members="" words="@settings --output --config --profile --help" values="--output=text,json --config= --profile=@profiles" ;;
    "llmx config set") members="" words="@settings --help" values="" ;;
    "llmx config unset") members="" words="@settings --help" values="" ;;
    "llmx config validate") members="" words="--file --output --config --profile --help" values="--file= --output=text,json --config= --profile=@profiles" ;;
    "llmx config schema") members="" words="--help" values="" ;;
    "llmx config paths") members="" words="--output --config --help" values="--output=text,json --config=" ;;
    "llmx config profiles") members="" words="--output --help" values="--output=text,json" ;;
    "llmx config import") members="" words="--dry-run --overwrite --output --help" values="--output=text,json" ;;
    "llmx config export") members="" words="nix --output --help" values="--output=text,json" ;;
    "llmx config edit") members="" words="--help" values="" ;;
    "llmx trust") members="list revoke" words="list revoke --help" values="" ;;
    "llmx trust list") members="" words="--output --help" values="--output=text,json" ;;
    "llmx trust revoke") members="" words="--output --help" values="--output=text,json" ;;
    "llmx undo") members="" words="--force --output --help" values="--output=text,json" ;;
    "llmx history") members="" words="--output --help" values="--output=text,json" ;;
    "llmx cache") members="stats clear" words="stats clear --help" values="" ;;
    "llmx cache stats") members="" words="--output --help" values="--output=text,json" ;;
    "llmx cache clear") members="" words="--answers --nix --uv --all --older-than --output --help" values="--older-than= --output=text,json" ;;
    "llmx quickstart") members="" words="--output --help" values="--output=text,json" ;;
    "llmx doctor") members="" words="--output --help" values="--output=text,json" ;;
    "llmx selftest") members="" words="--require --record --replay --max-cost --max-tokens-total --output --help" values="--require= --record= --replay= --max-cost= --max-tokens-total= --output=text,json" ;;
    "llmx help") members="" words="@topics --output --help" values="--output=text,json" ;;
    "llmx completion") members="show install" words="show install --help" values="" ;;
    "llmx completion show") members="" words="bash zsh fish --help" values="" ;;
    "llmx completion install") members="" words="bash zsh fish --help" values="" ;;
    "llmx version") members="" words="--verbose --short --output --help" values="--output=text,json" ;;
    "llm-exec") members="" words="--command --cwd --stdin --keep-children --timeout --stall-timeout --grace --memory --cpu-time --max-procs --max-file-size --max-output --json --json=full --result --monitor --capture --keep-output --background --terminal --wezterm --detach --hold --last --quiet --no-sandbox --level --write --read --env --net --connect --publish --gpu --no-gpu --explain --nix-shell --deps --nix-pure --uv --deps-from --config --profile --schema --help" values="--command= --cwd= --stdin= --timeout= --stall-timeout= --grace= --memory= --cpu-time= --max-procs= --max-file-size= --max-output= --result= --capture= --terminal=auto,wezterm,tmux,kitty,ghostty,xterm,gnome-terminal,iterm2 --level=restricted,safe,privileged --write= --read= --env= --net=none,host --connect= --publish= --gpu= --deps= --uv= --deps-from= --config= --profile=@profiles" runs=1 ;;
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
