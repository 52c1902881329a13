"""Running commands."""

from tests.promises import Row

ROWS = [
    Row("S0-06", "--nix-shell runs a command with packages from Nix"),
    Row(
        "S0-07",
        "--deps names packages, separated by spaces, dots allowed; what is not a name is refused before anything runs",
        "125, as all of llm-exec's own",
    ),
    Row("S0-08", "After -- everything is passed to the command verbatim"),
    Row("S0-09", "--command runs a shell line; both forms at once are refused", "125, as all of llm-exec's own"),
    Row(
        "S0-13",
        "exec.nix_shell.enabled forbids --nix-shell; exec.nix_shell.sandbox keeps the machine's libraries out of it",
        "126, by the setting's name; --nix-pure is its own flag",
    ),
    Row("S0-14", "--wezterm runs the command in a new WezTerm window; its pane is in the record"),
    Row("S0-10", "The three documented lines run: ripgrep and fd, python311 with langchain and openai, go"),
    Row("S0-11", "Without Nix a run that asks for it is 125, says how to install it, and has run nothing"),
    Row("S0-12", "The package of a missing command is inferred, and that is said; an unknown command is 127"),
    Row(
        "S0-15",
        "A run in a window returns the command's exit code and its output; --detach returns the run's id at once",
    ),
    Row(
        "S0-16",
        "No WezTerm, or none that shows windows: an error at once, and nothing runs; exec.wezterm.enabled forbids it",
        "125 for both, as all of llm-exec's own",
    ),
    Row(
        "S0-17",
        "The settings new_window and monitor: a tab instead of a window, and runs in windows are monitored",
        "they hold for every terminal, not for WezTerm alone",
    ),
    Row("S0-18", "A long-running server does not hit the default timeout unsaid; --timeout 0 lifts it"),
    Row("S0-19", "--monitor reports CPU, peak memory, processes and wall time while the command runs"),
    Row("S0-20", "--monitor counts the whole process tree"),
    Row("S0-21", "--timeout ends a run with 124 and leaves nothing behind; 300 s by default"),
    Row("S0-22", "Timeout and Ctrl-C end the whole tree: SIGTERM, grace, SIGKILL; 124 or 130"),
    Row("S0-23", "--wezterm, --monitor and --timeout work together, and the record shows all three"),
    Row("S0-24", "Every run is logged to ~/.local/share/llm-exec.log: a line at its start, one at its end"),
    Row("S0-25", "The log and the records of runs hold no secrets; llmx runs list, show and logs read them"),
    Row("S0-26", "The log rotates at 10 MB or 7 days; 5 are kept", "the 7 days are the age at which it is put aside"),
    Row("S0-27", "Commands are sandboxed unless --no-sandbox says otherwise; the result names what enforced it"),
    Row(
        "S0-28",
        "The result and the doctor say what is really enforced, and never more",
        "without bubblewrap it is Landlock; where nothing can be enforced, nothing runs",
    ),
    Row("S0-29", "--memory and --cpu-time limit a run, and the result names the limit"),
    Row("S0-30", "The settings exec.isolation.enabled, monitoring and timeout hold where no option says otherwise"),
    Row(
        "S0-31",
        "Rules say which commands may run; a denied one exits 126, names the rule and is logged",
        "126, not 5: the issue",
    ),
    Row("S0-32", "The command's exit code passes through; 124 to 127 are llm-exec's own"),
    Row("S0-33", "stdin, stdout and stderr pass byte for byte; --quiet silences llmx"),
    Row("S0-34", "--json gives agents one machine-readable result"),
    Row("S0-55", "What Nix has resolved is kept and found again without Nix"),
    Row(
        "S0-57",
        "Graphics cards are usable in a run; --gpu N shows only that one, and --monitor reports the GPU memory held",
        "NVIDIA cards by UUID where the driver tells it; gpu_mem_bytes in usage and series",
    ),
    Row(
        "S0-62",
        "Packages add execution environments: mechanisms of the sandbox under the entry points llmx.sandboxes",
        "only these so far; chosen by exec.mechanism",
    ),
]
