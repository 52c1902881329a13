"""The options of ``llm-exec``, declared once.

The front-door parser (``argv.py``), the Typer command, its help, the completion scripts and the
README all read this table, so they cannot disagree.
"""


class Option:
    """One option.

    ``kind`` says what its value is: ``flag`` (none), ``mode`` (optional, only as ``--name=value``), ``text``,
    ``choice``, ``path``, ``count`` (whole number), ``duration`` (``90``, ``10m``; 0 = none) or ``size`` (``512M``).
    ``choices`` are all values there are, or where the kind is ``text`` those that a TAB offers. ``setting`` is the key
    that gives the value when the option is absent. One that ``repeats`` gathers its values.
    """

    __slots__ = ("choices", "dest", "flags", "group", "help", "kind", "metavar", "repeats", "setting")

    def __init__(
        self,
        flags: str,
        kind: str,
        help: str,
        *,
        group: str,
        metavar: str = "",
        setting: str = "",
        choices: tuple[str, ...] = (),
        repeats: bool = False,
    ) -> None:
        self.flags = tuple(flags.split())
        self.dest = self.flags[0][2:].replace("-", "_")
        self.kind = kind
        self.help = help
        self.group = group
        self.metavar = metavar
        self.setting = setting
        self.choices = choices
        self.repeats = repeats


RUN = "What runs"
TIME = "Time"
LIMITS = "Limits"
REPORT = "What comes back"
SANDBOX = "Sandbox"
WINDOW = "A window to watch"

TERMINALS = ("auto", "wezterm", "tmux", "kitty", "ghostty", "xterm", "gnome-terminal", "iterm2")
"""The terminals that llmx knows by itself; packages may bring others."""
DEPS = "Packages"

OPTIONS = (
    Option("--command", "text", "Run this shell command line with sh.", group=RUN, metavar="STRING"),
    Option("--cwd", "path", "Run in this folder.", group=RUN, metavar="DIR"),
    Option("--stdin", "path", "Read stdin from FILE, or from nothing with `none`.", group=RUN, metavar="none|FILE"),
    Option(
        "--keep-children",
        "flag",
        "Leave background processes running when the command ends.",
        group=RUN,
    ),
    Option(
        "--timeout",
        "duration",
        "End the run after this long: 90, 10m, 1h30m; 0 = never. Default 300.",
        group=TIME,
        metavar="TIME",
        setting="exec.isolation.timeout",
    ),
    Option(
        "--stall-timeout",
        "duration",
        "End the run after this long without output and without CPU use; 0 = never.",
        group=TIME,
        metavar="TIME",
        setting="exec.stall_timeout",
    ),
    Option(
        "--grace",
        "duration",
        "How long a process may take to end after SIGTERM before SIGKILL. Default 5.",
        group=TIME,
        metavar="TIME",
        setting="exec.grace",
    ),
    Option(
        "--memory",
        "size",
        "Memory of the whole process tree: 512M, 2G.",
        group=LIMITS,
        metavar="SIZE",
        setting="exec.memory",
    ),
    Option(
        "--cpu-time",
        "duration",
        "CPU time of the whole process tree.",
        group=LIMITS,
        metavar="TIME",
        setting="exec.cpu_time",
    ),
    Option(
        "--max-procs",
        "count",
        "Processes alive at once.",
        group=LIMITS,
        metavar="N",
        setting="exec.max_procs",
    ),
    Option(
        "--max-file-size",
        "size",
        "Size of any file the command writes.",
        group=LIMITS,
        metavar="SIZE",
        setting="exec.max_file_size",
    ),
    Option(
        "--max-output",
        "size",
        "Bytes of stdout and stderr together.",
        group=LIMITS,
        metavar="SIZE",
        setting="exec.max_output",
    ),
    Option(
        "--json",
        "mode",
        "Print one JSON object instead of the output: `--json`, or `--json=full` for everything.",
        group=REPORT,
        metavar="full",
        choices=("compact", "full"),
    ),
    Option("--result", "path", "Write the full JSON result to FILE, beside live output.", group=REPORT, metavar="FILE"),
    Option(
        "--monitor",
        "flag",
        "Sample CPU, memory, processes, I/O and GPU memory of the tree while it runs.",
        group=REPORT,
        setting="exec.isolation.monitoring",
    ),
    Option(
        "--capture",
        "size",
        "How much of each stream the result keeps (head and tail). Default 64K.",
        group=REPORT,
        metavar="SIZE",
        setting="exec.capture_bytes",
    ),
    Option("--keep-output", "flag", "Store the output, without secrets, for `llmx runs logs`.", group=REPORT),
    Option(
        "--background",
        "flag",
        "Print the run's id and leave it running: its output is stored, no timeout but one that is given.",
        group=RUN,
    ),
    Option(
        "--terminal",
        "text",
        "Run in a new window of this terminal, where one can watch and type; `auto` takes the one you are in.",
        group=WINDOW,
        metavar="auto|NAME",
        choices=TERMINALS,
    ),
    Option("--wezterm", "flag", "The same as --terminal wezterm.", group=WINDOW),
    Option(
        "--detach",
        "flag",
        "Print the run's id and leave the window to itself, with no timeout but one that is given.",
        group=WINDOW,
    ),
    Option("--hold", "flag", "Keep the window when the command has ended, until Enter.", group=WINDOW),
    Option("--last", "flag", "Print the result of the last run again.", group=REPORT),
    Option("--quiet -q", "flag", "Nothing of llmx's own on stderr.", group=REPORT),
    Option("--no-sandbox", "flag", "Run without the sandbox.", group=SANDBOX),
    Option(
        "--level",
        "choice",
        "What the sandbox allows. Default safe.",
        group=SANDBOX,
        metavar="restricted|safe|privileged",
        choices=("restricted", "safe", "privileged"),
        setting="exec.policy.level",
    ),
    Option(
        "--write",
        "path",
        "Let the command change this file or folder too.",
        group=SANDBOX,
        metavar="PATH",
        repeats=True,
    ),
    Option("--read", "path", "Show the command this hidden path too.", group=SANDBOX, metavar="PATH", repeats=True),
    Option(
        "--env",
        "text",
        "Hand this variable of yours on, or set it.",
        group=SANDBOX,
        metavar="NAME[=VALUE]",
        repeats=True,
    ),
    Option(
        "--net",
        "text",
        "The network: none but a loopback of its own (the default), yours, or only these: NAME, *.NAME, @python.",
        group=SANDBOX,
        metavar="none|host|NAMES",
        choices=("none", "host"),
        setting="exec.net",
        repeats=True,
    ),
    Option(
        "--connect",
        "text",
        "Let the command reach this port of your loopback, such as a database's.",
        group=SANDBOX,
        metavar="PORT",
        repeats=True,
    ),
    Option(
        "--publish",
        "text",
        "Let your machine reach this port of the command's, on your loopback.",
        group=SANDBOX,
        metavar="PORT[:HOSTPORT]",
        repeats=True,
    ),
    Option("--gpu", "text", "Show only these graphics cards: 0 or 0,1.", group=SANDBOX, metavar="N"),
    Option("--no-gpu", "flag", "Show no graphics card.", group=SANDBOX),
    Option("--explain", "flag", "Print what would hold for this command, and run nothing.", group=SANDBOX),
    Option("--nix-shell", "flag", "Take what --deps names, or a command that is missing, from Nix.", group=DEPS),
    Option(
        "--deps",
        "text",
        "Packages that the command needs: 'ripgrep python311Packages.requests'.",
        group=DEPS,
        metavar="'NAME ...'",
        repeats=True,
    ),
    Option("--nix-pure", "flag", "Nothing on PATH but what Nix brings, with its basic tools.", group=DEPS),
    Option(
        "--uv",
        "text",
        "Python packages that the command needs, by uv: 'requests pandas>=2'.",
        group=DEPS,
        metavar="'SPEC ...'",
        repeats=True,
    ),
    Option("--deps-from", "text", "Take --deps from nix, uv or another source.", group=DEPS, metavar="SOURCE"),
    Option("--config", "path", "Read this settings file too.", group=REPORT, metavar="FILE"),
    Option("--profile", "text", "Start from this profile's settings.", group=REPORT, metavar="NAME"),
    Option("--schema", "flag", "Print the JSON Schema of the result.", group=REPORT),
    Option("--help -h", "flag", "Show this message.", group=REPORT),
)

BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
