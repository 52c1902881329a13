"""The package, the command tree and its documents."""

from tests.promises import Row

ROWS = [
    Row(
        "S0-54",
        "llmx doctor checks tools, keys, settings and disk; each finding has what it means and a fix; exit 1 on a fail",
        "nix, wezterm, mlx and llama-cpp are named, and found wanting by nobody until something uses them",
    ),
    Row("S0-56", "README, AGENTS.md and examples are there, and README's commands are run", "by real runs, not fakes"),
    Row(
        "S2-01",
        "--config, --profile, --trace and --output before any command; every list is valid JSON, stdout has data only",
        "--output has text and json, no pretty",
    ),
    Row("S2-02", "--trace debug tells on stderr what llmx does, off tells nothing", "six levels"),
    Row("S2-07", "llmx version says what is installed, as text or JSON"),
    Row("S2-08", "Completion scripts for bash, zsh and fish are committed and current", "by llmx completion"),
    Row("S2-51", "What is not used is not imported"),
    Row("S2-95", "No warnings, and at least 95 % coverage, held by CI"),
    Row("S2-96", "Every kind of error has an exit code and the README's table shows it"),
]
