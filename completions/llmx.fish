# Completion of llmx and llm-exec for fish; written from the command tree, do not edit.

set -g __llmx_known 'llmx generate' 'llmx backend' 'llmx exec' 'llmx runs' 'llmx model' 'llmx config' 'llmx trust' 'llmx undo' 'llmx history' 'llmx doctor' 'llmx help' 'llmx completion' 'llmx version' 'llmx backend list' 'llmx backend test' 'llmx runs list' 'llmx runs show' 'llmx runs logs' 'llmx runs stop' 'llmx runs wait' 'llmx runs stats' 'llmx runs prune' 'llmx model info' 'llmx config init' 'llmx config show' 'llmx config get' 'llmx config set' 'llmx config unset' 'llmx config validate' 'llmx config schema' 'llmx config paths' 'llmx config profiles' 'llmx config edit' 'llmx trust list' 'llmx trust revoke' 'llmx completion show' 'llmx completion install'
set -g __llmx_valued 'llmx --output' 'llmx --trace' 'llmx --profile' 'llmx -p' 'llmx --config' 'llmx -c' 'llmx generate --system' 'llmx generate -s' 'llmx generate --image' 'llmx generate --model' 'llmx generate -m' 'llmx generate --backend' 'llmx generate -b' 'llmx generate --api-base' 'llmx generate --temperature' 'llmx generate --top-p' 'llmx generate --max-tokens' 'llmx generate --timeout' 'llmx generate --output' 'llmx backend list --output' 'llmx backend test --api-base' 'llmx backend test --timeout' 'llmx backend test --output' 'llmx exec --command' 'llmx exec --cwd' 'llmx exec --stdin' 'llmx exec --timeout' 'llmx exec --stall-timeout' 'llmx exec --grace' 'llmx exec --memory' 'llmx exec --cpu-time' 'llmx exec --max-procs' 'llmx exec --max-file-size' 'llmx exec --max-output' 'llmx exec --result' 'llmx exec --capture' 'llmx exec --terminal' 'llmx exec --level' 'llmx exec --write' 'llmx exec --read' 'llmx exec --env' 'llmx exec --net' 'llmx exec --gpu' 'llmx exec --config' 'llmx exec --profile' 'llmx runs list --limit' 'llmx runs list -n' 'llmx runs list --status' 'llmx runs list --command' 'llmx runs list --since' 'llmx runs list --output' 'llmx runs show --svg' 'llmx runs show --output' 'llmx runs logs --stream' 'llmx runs stop --output' 'llmx runs wait --timeout' 'llmx runs wait --output' 'llmx runs stats --since' 'llmx runs stats --output' 'llmx runs prune --older-than' 'llmx runs prune --output' 'llmx model info --context' 'llmx model info --output' 'llmx config show --output' 'llmx config show --config' 'llmx config show --profile' 'llmx config get --output' 'llmx config get --config' 'llmx config get --profile' 'llmx config validate --file' 'llmx config validate --output' 'llmx config validate --config' 'llmx config validate --profile' 'llmx config paths --output' 'llmx config paths --config' 'llmx config profiles --output' 'llmx trust list --output' 'llmx trust revoke --output' 'llmx undo --output' 'llmx history --output' 'llmx doctor --output' 'llmx help --output' 'llmx version --output' 'llm-exec --command' 'llm-exec --cwd' 'llm-exec --stdin' 'llm-exec --timeout' 'llm-exec --stall-timeout' 'llm-exec --grace' 'llm-exec --memory' 'llm-exec --cpu-time' 'llm-exec --max-procs' 'llm-exec --max-file-size' 'llm-exec --max-output' 'llm-exec --result' 'llm-exec --capture' 'llm-exec --terminal' 'llm-exec --level' 'llm-exec --write' 'llm-exec --read' 'llm-exec --env' 'llm-exec --net' 'llm-exec --gpu' 'llm-exec --config' 'llm-exec --profile'
set -g __llmx_runs 'llmx exec' 'llm-exec'

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
complete -c llmx -n '__llmx_at \'llmx\'' -f -a generate -d 'Ask a model one question.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a backend -d 'Look at what can answer for a model.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a exec -d 'Run one command within limits; the same as llm-exec.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a runs -d 'Look at runs, and end or await those that go on.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a model -d 'Get, look at and load models.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a config -d 'Read and change llmx\'s own settings.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a trust -d 'Say which projects\' settings may do more than tune.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a undo -d 'Take back the last edit of your files, or a named one.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a history -d 'List the edits llmx has made to your files.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a doctor -d 'Check this machine for llmx and say what to type.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a help -d 'Read a chapter of the guide.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a completion -d 'Show or install the shell\'s completion script.'
complete -c llmx -n '__llmx_at \'llmx\'' -f -a version -d 'Show the version and what is installed with it.'
complete -c llmx -n '__llmx_at \'llmx\'' -l output -x -a 'text json' -d 'How facts are printed.'
complete -c llmx -n '__llmx_at \'llmx\'' -l quiet -d 'Tell no notes on stderr.'
complete -c llmx -n '__llmx_at \'llmx\'' -l trace -x -a 'off error warn info debug trace' -d 'How much of its work llmx tells on stderr.'
complete -c llmx -n '__llmx_at \'llmx\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile\'s settings.'
complete -c llmx -n '__llmx_at \'llmx\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx\'' -l version -d 'Show the version and leave.'
complete -c llmx -n '__llmx_at \'llmx\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l system -r -F -d 'What the model is to be.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l image -r -F -d 'A picture to look at.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l model -r -F -d 'The model, such as ollama/qwen2.5:1.5b.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l backend -r -F -d 'The backend or endpoint; `llmx backend list`.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l api-base -r -F -d 'The base URL of the endpoint, in place of its own.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l temperature -r -F -d '0 to 2; unset = the model\'s own.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l top-p -r -F -d 'Nucleus sampling, 0 to 1.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l max-tokens -r -F -d 'How long the answer may be; 512 where nothing is set.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l timeout -r -F -d 'How long it may take, such as 90s or 2m; 0 = no limit.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l stream -d 'Print the answer while it comes.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx generate\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx backend\'' -f -a list -d 'List the backends and endpoints; nothing is asked of any of them.'
complete -c llmx -n '__llmx_at \'llmx backend\'' -f -a test -d 'Ask a backend whether it can be used, with the key, and list its models; exit...'
complete -c llmx -n '__llmx_at \'llmx backend\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx backend list\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx backend list\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx backend test\'' -l api-base -r -F -d 'The base URL of the endpoint, in place of its own.'
complete -c llmx -n '__llmx_at \'llmx backend test\'' -l timeout -r -F -d 'How long it may take, such as 90s or 2m; 0 = no limit.'
complete -c llmx -n '__llmx_at \'llmx backend test\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx backend test\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l command -r -F -d 'Run this shell command line with sh.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l cwd -r -F -d 'Run in this folder.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l stdin -r -F -d 'Read stdin from FILE, or from nothing with `none`.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l keep-children -d 'Leave background processes running when the command ends.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l timeout -r -F -d 'End the run after this long: 90, 10m, 1h30m; 0 = never. Default 300.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l stall-timeout -r -F -d 'End the run after this long without output and without CPU use; 0 = never.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l grace -r -F -d 'How long a process may take to end after SIGTERM before SIGKILL. Default 5.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l memory -r -F -d 'Memory of the whole process tree: 512M, 2G.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l cpu-time -r -F -d 'CPU time of the whole process tree.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l max-procs -r -F -d 'Processes alive at once.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l max-file-size -r -F -d 'Size of any file the command writes.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l max-output -r -F -d 'Bytes of stdout and stderr together.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l json -d 'Print one JSON object instead of the output: `--json`, or `--json=full` for everything.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l result -r -F -d 'Write the full JSON result to FILE, beside live output.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l monitor -d 'Sample CPU, memory, processes and I/O of the tree while it runs.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l capture -r -F -d 'How much of each stream the result keeps (head and tail). Default 64K.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l keep-output -d 'Store the output, without secrets, for `llmx runs logs`.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l background -d 'Print the run\'s id and leave it running: its output is stored, no timeout but one that is given.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l terminal -x -a 'auto wezterm tmux kitty ghostty xterm gnome-terminal iterm2' -d 'Run in a new window of this terminal, where one can watch and type; `auto` takes the one you are in.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l wezterm -d 'The same as --terminal wezterm.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l detach -d 'Print the run\'s id and leave the window to itself, with no timeout but one that is given.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l hold -d 'Keep the window when the command has ended, until Enter.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l last -d 'Print the result of the last run again.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l quiet -d 'Nothing of llmx\'s own on stderr.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l no-sandbox -d 'Run without the sandbox.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l level -x -a 'restricted safe privileged' -d 'What the sandbox allows. Default safe.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l write -r -F -d 'Let the command change this file or folder too.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l read -r -F -d 'Show the command this hidden path too.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l env -r -F -d 'Hand this variable of yours on, or set it.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l net -x -a 'none host' -d 'The network: none but a loopback of its own (the default), or yours.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l gpu -r -F -d 'Show only these graphics cards: 0 or 0,1.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l no-gpu -d 'Show no graphics card.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l explain -d 'Print what would hold for this command, and run nothing.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile\'s settings.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l schema -d 'Print the JSON Schema of the result.'
complete -c llmx -n '__llmx_at \'llmx exec\'' -l help -d 'Show this message.'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a list -d 'List runs, the last one first.'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a show -d 'Show all that is known of a run; CPU and memory over time where it was...'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a logs -d 'Print what a run has printed: its stdout here to stdout, its stderr to stderr.'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a stop -d 'End a run and wait until nothing of it is left; one that is over is left as...'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a wait -d 'Wait for a run\'s end and exit with its exit code.'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a stats -d 'Count runs and failures by command, and say how long half and 95 of 100 of...'
complete -c llmx -n '__llmx_at \'llmx runs\'' -f -a prune -d 'Remove stored output and results that are old or too large together; the...'
complete -c llmx -n '__llmx_at \'llmx runs\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l limit -r -F -d 'How many, the last ones.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l all -d 'All of them.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l status -x -a 'ok failed timeout stalled limit denied signal interrupted window_closed error running lost' -d 'Only those that ended so.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l command -r -F -d 'Only those with this in their command line.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l since -r -F -d 'Only those of the last 90s, 1h, 2d.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs list\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs show\'' -f -a '(__llmx_names runs)'
complete -c llmx -n '__llmx_at \'llmx runs show\'' -l svg -r -F -d 'Draw CPU and memory into FILE.'
complete -c llmx -n '__llmx_at \'llmx runs show\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs show\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs logs\'' -f -a '(__llmx_names runs)'
complete -c llmx -n '__llmx_at \'llmx runs logs\'' -l follow -d 'Go on until the run ends.'
complete -c llmx -n '__llmx_at \'llmx runs logs\'' -l stream -x -a 'stdout stderr' -d 'Only this one.'
complete -c llmx -n '__llmx_at \'llmx runs logs\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs stop\'' -f -a '(__llmx_names runs)'
complete -c llmx -n '__llmx_at \'llmx runs stop\'' -l force -d 'At once, without the grace time.'
complete -c llmx -n '__llmx_at \'llmx runs stop\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs stop\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs wait\'' -f -a '(__llmx_names runs)'
complete -c llmx -n '__llmx_at \'llmx runs wait\'' -l timeout -r -F -d 'Give up after this long, with 124.'
complete -c llmx -n '__llmx_at \'llmx runs wait\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs wait\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs stats\'' -l since -r -F -d 'Only those of the last 90s, 1h, 2d.'
complete -c llmx -n '__llmx_at \'llmx runs stats\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs stats\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx runs prune\'' -l older-than -r -F -d 'Instead of 7 days: 12h, 2d.'
complete -c llmx -n '__llmx_at \'llmx runs prune\'' -l all -d 'All that is stored, but for runs that go on.'
complete -c llmx -n '__llmx_at \'llmx runs prune\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx runs prune\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx model\'' -f -a info -d 'Show what a model file is and whether it fits this machine.'
complete -c llmx -n '__llmx_at \'llmx model\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx model info\'' -l context -r -F -d 'Tell of a context of so many tokens.'
complete -c llmx -n '__llmx_at \'llmx model info\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx model info\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a init -d 'Write the user\'s settings file, with every key in it as a comment.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a show -d 'Show the settings in force here.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a get -d 'Print the value of one key; an unset one is an empty line.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a set -d 'Set a key in the user\'s file; comments stay.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a unset -d 'Take a key out of the user\'s file.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a validate -d 'Check every settings file and variable; the first thing wrong is named with...'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a schema -d 'Print the JSON Schema of a settings file.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a paths -d 'List the places that settings come from, the strongest first.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a profiles -d 'List the profiles: named sets of settings that the files go over.'
complete -c llmx -n '__llmx_at \'llmx config\'' -f -a edit -d 'Open the user\'s file in $VISUAL or $EDITOR; what does not fit is not taken over.'
complete -c llmx -n '__llmx_at \'llmx config\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config init\'' -l force -d 'Replace the file; llmx undo brings it back.'
complete -c llmx -n '__llmx_at \'llmx config init\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config show\'' -f -a '(__llmx_names settings)'
complete -c llmx -n '__llmx_at \'llmx config show\'' -l sources -d 'Say where each value comes from.'
complete -c llmx -n '__llmx_at \'llmx config show\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx config show\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx config show\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile.'
complete -c llmx -n '__llmx_at \'llmx config show\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config get\'' -f -a '(__llmx_names settings)'
complete -c llmx -n '__llmx_at \'llmx config get\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx config get\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx config get\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile.'
complete -c llmx -n '__llmx_at \'llmx config get\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config set\'' -f -a '(__llmx_names settings)'
complete -c llmx -n '__llmx_at \'llmx config set\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config unset\'' -f -a '(__llmx_names settings)'
complete -c llmx -n '__llmx_at \'llmx config unset\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config validate\'' -l file -r -F -d 'Only this file.'
complete -c llmx -n '__llmx_at \'llmx config validate\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx config validate\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx config validate\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile.'
complete -c llmx -n '__llmx_at \'llmx config validate\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config schema\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config paths\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx config paths\'' -l config -r -F -d 'Read this settings file too.'
complete -c llmx -n '__llmx_at \'llmx config paths\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config profiles\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx config profiles\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx config edit\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx trust\'' -f -a list -d 'List what is trusted, and whether it still stands as it was read.'
complete -c llmx -n '__llmx_at \'llmx trust\'' -f -a revoke -d 'Trust a project file no longer; it need not exist any more.'
complete -c llmx -n '__llmx_at \'llmx trust\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx trust list\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx trust list\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx trust revoke\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx trust revoke\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx undo\'' -l force -d 'Also where a file was changed since.'
complete -c llmx -n '__llmx_at \'llmx undo\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx undo\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx history\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx history\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx doctor\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx doctor\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx help\'' -f -a '(__llmx_names topics)'
complete -c llmx -n '__llmx_at \'llmx help\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx help\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx completion\'' -f -a show -d 'Print the script.'
complete -c llmx -n '__llmx_at \'llmx completion\'' -f -a install -d 'Write the script to where the shell looks for it.'
complete -c llmx -n '__llmx_at \'llmx completion\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx completion show\'' -f -a 'bash zsh fish'
complete -c llmx -n '__llmx_at \'llmx completion show\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx completion install\'' -f -a 'bash zsh fish'
complete -c llmx -n '__llmx_at \'llmx completion install\'' -l help -d 'Show this message and exit.'
complete -c llmx -n '__llmx_at \'llmx version\'' -l verbose -d 'Say everything below too.'
complete -c llmx -n '__llmx_at \'llmx version\'' -l short -d 'The number alone.'
complete -c llmx -n '__llmx_at \'llmx version\'' -l output -x -a 'text json' -d 'text or json.'
complete -c llmx -n '__llmx_at \'llmx version\'' -l help -d 'Show this message and exit.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l command -r -F -d 'Run this shell command line with sh.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l cwd -r -F -d 'Run in this folder.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l stdin -r -F -d 'Read stdin from FILE, or from nothing with `none`.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l keep-children -d 'Leave background processes running when the command ends.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l timeout -r -F -d 'End the run after this long: 90, 10m, 1h30m; 0 = never. Default 300.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l stall-timeout -r -F -d 'End the run after this long without output and without CPU use; 0 = never.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l grace -r -F -d 'How long a process may take to end after SIGTERM before SIGKILL. Default 5.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l memory -r -F -d 'Memory of the whole process tree: 512M, 2G.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l cpu-time -r -F -d 'CPU time of the whole process tree.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l max-procs -r -F -d 'Processes alive at once.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l max-file-size -r -F -d 'Size of any file the command writes.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l max-output -r -F -d 'Bytes of stdout and stderr together.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l json -d 'Print one JSON object instead of the output: `--json`, or `--json=full` for everything.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l result -r -F -d 'Write the full JSON result to FILE, beside live output.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l monitor -d 'Sample CPU, memory, processes and I/O of the tree while it runs.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l capture -r -F -d 'How much of each stream the result keeps (head and tail). Default 64K.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l keep-output -d 'Store the output, without secrets, for `llmx runs logs`.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l background -d 'Print the run\'s id and leave it running: its output is stored, no timeout but one that is given.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l terminal -x -a 'auto wezterm tmux kitty ghostty xterm gnome-terminal iterm2' -d 'Run in a new window of this terminal, where one can watch and type; `auto` takes the one you are in.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l wezterm -d 'The same as --terminal wezterm.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l detach -d 'Print the run\'s id and leave the window to itself, with no timeout but one that is given.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l hold -d 'Keep the window when the command has ended, until Enter.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l last -d 'Print the result of the last run again.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l quiet -d 'Nothing of llmx\'s own on stderr.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l no-sandbox -d 'Run without the sandbox.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l level -x -a 'restricted safe privileged' -d 'What the sandbox allows. Default safe.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l write -r -F -d 'Let the command change this file or folder too.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l read -r -F -d 'Show the command this hidden path too.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l env -r -F -d 'Hand this variable of yours on, or set it.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l net -x -a 'none host' -d 'The network: none but a loopback of its own (the default), or yours.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l gpu -r -F -d 'Show only these graphics cards: 0 or 0,1.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l no-gpu -d 'Show no graphics card.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l explain -d 'Print what would hold for this command, and run nothing.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l config -r -F -d 'Read this settings file too.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l profile -x -a '(__llmx_names profiles)' -d 'Start from this profile\'s settings.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l schema -d 'Print the JSON Schema of the result.'
complete -c llm-exec -n '__llmx_at \'llm-exec\'' -l help -d 'Show this message.'
