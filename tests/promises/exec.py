"""Running commands."""

from tests.promises import Row

ROWS = [
    Row("S0-08", "After -- everything is passed to the command verbatim"),
    Row("S0-09", "--command runs a shell line; both forms at once are refused", "125, as all of llm-exec's own"),
    Row("S0-18", "A long-running server does not hit the default timeout unsaid; --timeout 0 lifts it"),
    Row("S0-19", "--monitor reports CPU, peak memory, processes and wall time while the command runs"),
    Row("S0-20", "--monitor counts the whole process tree"),
    Row("S0-21", "--timeout ends a run with 124 and leaves nothing behind; 300 s by default"),
    Row("S0-22", "Timeout and Ctrl-C end the whole tree: SIGTERM, grace, SIGKILL; 124 or 130"),
    Row("S0-24", "Every run is logged to ~/.local/share/llm-exec.log: a line at its start, one at its end"),
    Row("S0-25", "The log holds no secrets", "shown for the log; llmx runs comes with the records"),
    Row("S0-29", "--memory and --cpu-time limit a run, and the result names the limit"),
    Row("S0-32", "The command's exit code passes through; 124 to 127 are llm-exec's own"),
    Row("S0-33", "stdin, stdout and stderr pass byte for byte; --quiet silences llmx"),
    Row("S0-34", "--json gives agents one machine-readable result"),
]
