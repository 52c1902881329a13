"""Every setting, declared once: the merger, the model, the schema, the variables and the help read this table."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["bool", "int", "number", "string", "list", "duration", "size", "choice", "reference"]
    Scope = Literal["inert", "tighten", "user"]
    Stricter = Literal["", "true", "false", "lower", "earlier", "subset", "superset", "fewer", "narrower", "higher"]


class Setting:
    """One key.

    ``kind`` says what its value is; ``duration`` is seconds, ``size`` bytes, ``reference`` says where a secret is
    kept and never holds one. A default of ``None`` means unset.

    ``scope`` says what a project's ``llmx.toml`` may do before the user trusts it: ``inert`` keys are its own,
    ``tighten`` keys it may only make stricter, ``user`` keys it may not touch. ``stricter`` names the strict side:
    a truth value, the ``lower`` or ``higher`` number (0 stands for no limit), the ``earlier`` choice, a ``subset`` of
    the hosts named, where ``none`` is the empty one and ``host`` all, a list that is a ``superset`` or has ``fewer``
    entries, or a ``narrower`` list of all that is allowed, where the empty one allows everything.
    """

    __slots__ = ("choices", "default", "help", "kind", "least", "most", "name", "scope", "stricter")

    def __init__(
        self,
        name: str,
        kind: "Kind",
        default: object,
        help: str,
        scope: "Scope" = "inert",
        *,
        choices: tuple[str, ...] = (),
        least: float | None = None,
        most: float | None = None,
        stricter: "Stricter" = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.scope = scope
        self.choices = choices
        self.least = least
        self.most = most
        self.stricter = stricter

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "LLMX_" + self.name.upper().replace(".", "__")


PROFILES = ("minimal", "development", "providers", "ollama", "gguf", "mlx", "ci", "pi", "rag-dev", "rag-prod")

_KB, _MB = 1024, 1024 * 1024

SETTINGS = (
    Setting("profile", "choice", None, "Start from this profile's settings.", "user", choices=PROFILES),
    Setting(
        "output",
        "choice",
        "text",
        "How lists and facts are printed where no --output is given.",
        choices=("text", "json"),
    ),
    Setting(
        "exec.sandbox",
        "choice",
        "auto",
        "Take the strongest sandbox this machine has, or run nothing where the full one is not to be had.",
        "tighten",
        choices=("required", "auto"),
        stricter="earlier",
    ),
    Setting(
        "exec.mechanism",
        "string",
        "",
        "What makes the sandbox: `bubblewrap`, `landlock` or what an installed package adds; empty = the strongest.",
        "user",
        stricter="subset",
    ),
    Setting("exec.isolation.enabled", "bool", True, "Run commands in the sandbox.", "tighten", stricter="true"),
    Setting(
        "exec.isolation.monitoring",
        "bool",
        False,
        "Sample CPU, memory, processes and I/O of every run, as --monitor does. Off, because every run pays for it.",
    ),
    Setting("exec.isolation.timeout", "duration", 300.0, "End a run after this long; 0 = never."),
    Setting("exec.grace", "duration", 5.0, "How long a process may take to end after SIGTERM before SIGKILL."),
    Setting(
        "exec.stall_timeout",
        "duration",
        0.0,
        "End a run after this long without output and without CPU use; 0 = never.",
    ),
    Setting(
        "exec.stdin_wait",
        "duration",
        10.0,
        "Without a terminal: how long a command may wait for a first byte on stdin that never comes; 0 = for ever.",
    ),
    Setting(
        "exec.capture_bytes",
        "size",
        64 * _KB,
        "How much of each stream a result keeps, head and tail together; at most 64M.",
        most=64 * _MB,
    ),
    Setting("exec.memory", "size", 0, "Memory of the whole process tree; 0 = no limit.", "tighten", stricter="lower"),
    Setting(
        "exec.cpu_time",
        "duration",
        0.0,
        "CPU time of the whole process tree; 0 = no limit.",
        "tighten",
        stricter="lower",
    ),
    Setting("exec.max_procs", "int", 0, "Processes alive at once; 0 = no limit.", "tighten", least=0, stricter="lower"),
    Setting(
        "exec.max_file_size",
        "size",
        0,
        "Size of any file the command writes; 0 = no limit.",
        "tighten",
        stricter="lower",
    ),
    Setting(
        "exec.max_output", "size", 0, "Bytes of stdout and stderr together; 0 = no limit.", "tighten", stricter="lower"
    ),
    Setting("exec.nix_shell.enabled", "bool", True, "Allow --nix-shell.", "tighten", stricter="false"),
    Setting(
        "exec.nix_shell.auto_deps",
        "bool",
        True,
        "Provide the package of a command that is missing.",
        "tighten",
        stricter="false",
    ),
    Setting(
        "exec.nix_shell.sandbox",
        "bool",
        True,
        "Keep the machine's own libraries (LD_LIBRARY_PATH, PYTHONPATH and their like) out of Nix's programs.",
        "tighten",
        stricter="true",
    ),
    Setting("exec.uv.enabled", "bool", True, "Allow --uv.", "tighten", stricter="false"),
    Setting("exec.nix_shell.cache", "bool", True, "Keep resolved Nix environments."),
    Setting("exec.wezterm.enabled", "bool", True, "Allow --wezterm and --terminal.", "tighten", stricter="false"),
    Setting("exec.wezterm.new_window", "bool", True, "Open a window, in whatever terminal, rather than a tab."),
    Setting("exec.wezterm.monitor", "bool", True, "Monitor runs that have a window of their own."),
    Setting(
        "exec.policy.level",
        "choice",
        "safe",
        "What commands and tools may do.",
        "tighten",
        choices=("restricted", "safe", "privileged"),
        stricter="earlier",
    ),
    Setting(
        "exec.policy.lock",
        "bool",
        False,
        "In the user's or the system's file: nothing above that file may loosen what it limits.",
        "user",
        stricter="true",
    ),
    Setting(
        "exec.policy.allow",
        "list",
        (),
        "Rules of the commands that may run, such as `git push` or `npm run *`; where there are any, no other may.",
        "user",
        stricter="narrower",
    ),
    Setting(
        "exec.policy.deny",
        "list",
        (),
        "Rules of the commands that may not run; they win over all others.",
        "tighten",
        stricter="superset",
    ),
    Setting(
        "exec.policy.ask",
        "list",
        (),
        "Rules of the commands that run only when someone at the terminal says yes.",
        "tighten",
        stricter="superset",
    ),
    Setting(
        "exec.write",
        "list",
        (),
        "More files and folders that a sandboxed command may change.",
        "user",
        stricter="fewer",
    ),
    Setting(
        "exec.read", "list", (), "Hidden files and folders that a sandboxed command may read.", "user", stricter="fewer"
    ),
    Setting(
        "exec.protect",
        "list",
        (),
        "Paths of the project that a sandboxed command may not change.",
        "tighten",
        stricter="superset",
    ),
    Setting(
        "exec.env_allow",
        "list",
        (),
        "More environment variables that a sandboxed command may see.",
        "user",
        stricter="fewer",
    ),
    Setting(
        "exec.net",
        "string",
        "",
        "The network of a sandboxed command: `none`, `host` for the machine's own, or names such as"
        " `example.com,*.example.org,@python`; empty = by policy.",
        "tighten",
        stricter="subset",
    ),
    Setting(
        "exec.connect",
        "list",
        (),
        "Ports of the machine's loopback that a sandboxed command may reach.",
        "user",
        stricter="fewer",
    ),
    Setting(
        "exec.publish",
        "list",
        (),
        "Ports of a sandboxed command that the machine may reach, as PORT or PORT:HOSTPORT.",
        "user",
        stricter="fewer",
    ),
    Setting(
        "audit.required",
        "bool",
        False,
        "Run nothing when the execution log cannot be written.",
        "tighten",
        stricter="true",
    ),
    Setting("logging.max_bytes", "size", 10 * _MB, "Rotate the execution log at this size.", "user", stricter="higher"),
    Setting(
        "logging.max_age_days",
        "int",
        7,
        "Rotate the execution log at this age, in days.",
        "user",
        least=1,
        stricter="higher",
    ),
    Setting("logging.keep", "int", 5, "How many rotated logs are kept.", "user", least=0, stricter="higher"),
    Setting("agents_md.enabled", "bool", True, "Write AGENTS.md for coding agents.", "tighten", stricter="false"),
    Setting(
        "agents_md.auto_update", "bool", True, "Bring AGENTS.md up to date by itself.", "tighten", stricter="false"
    ),
    Setting("llm.backend", "string", None, "Which backend or endpoint answers, such as ollama or openai.", "user"),
    Setting("llm.model", "string", None, "Which model answers.", "user"),
    Setting("llm.api_base", "string", None, "The base URL of the endpoint.", "user"),
    Setting("llm.api_key", "reference", None, "Where the key is kept: env:NAME, file:PATH or keyring:NAME.", "user"),
    Setting("llm.temperature", "number", None, "Sampling temperature; unset = the model's own.", least=0, most=2),
    Setting("llm.max_tokens", "int", None, "Tokens an answer may have; unset = the command's own.", least=1),
    Setting("llm.context", "int", 0, "The model's context in tokens; 0 = as its server tells.", least=0),
    Setting("llm.top_p", "number", None, "Nucleus sampling; unset = the model's own.", least=0, most=1),
    Setting("llm.timeout", "duration", 30.0, "How long an answer may take; 0 = no limit."),
    Setting("llm.enable_cache", "bool", True, "Keep answers and give them again for the same question."),
    Setting("llm.cache_dir", "string", None, "Where answers are kept; unset = llmx's cache folder.", "user"),
    Setting("cache.max_bytes", "size", 256 * _MB, "How much the kept answers may take; 0 keeps none.", "user"),
    Setting("cache.max_age", "duration", 30 * 86400.0, "How long an answer is kept; 0 = for ever.", "user"),
    Setting(
        "budget.daily_cost",
        "number",
        0.0,
        "US dollars that models may cost in a day; 0 = no limit.",
        "tighten",
        least=0,
        stricter="lower",
    ),
    Setting(
        "budget.daily_tokens",
        "int",
        0,
        "Tokens that models may use in a day; 0 = no limit.",
        "tighten",
        least=0,
        stricter="lower",
    ),
    Setting(
        "budget.project_daily_cost",
        "number",
        0.0,
        "US dollars that models may cost in a day in one project; 0 = no limit.",
        "tighten",
        least=0,
        stricter="lower",
    ),
    Setting(
        "budget.project_daily_tokens",
        "int",
        0,
        "Tokens that models may use in a day in one project; 0 = no limit.",
        "tighten",
        least=0,
        stricter="lower",
    ),
    Setting("llm.fallback", "list", (), "Backends tried in this order when the first cannot be reached.", "user"),
    Setting("llm.repair", "int", 2, "How often a model may mend an answer that breaks its schema.", least=0),
    Setting("llm.retry.tries", "int", 3, "How often a call is made that fails on the way.", least=1),
    Setting("llm.retry.first", "duration", 1.0, "The longest pause before the second try; it doubles from try to try."),
    Setting("llm.retry.longest", "duration", 30.0, "The longest pause before any try."),
    Setting(
        "gguf.engine",
        "choice",
        "auto",
        "What runs GGUF files; auto takes the first that is installed.",
        choices=("auto", "llama-cpp-python", "xllamacpp"),
    ),
    Setting("gguf.context", "int", None, "Tokens of context; unset = up to 8192, as the memory allows.", least=1),
    Setting("gguf.threads", "int", None, "Threads that compute; unset = half of the processors.", least=1),
    Setting("gguf.gpu_layers", "int", None, "Layers on the GPU where there is one; unset = all.", least=0),
    Setting(
        "gguf.cache_type",
        "choice",
        "f16",
        "How keys and values are kept; q8_0 takes half of the memory.",
        choices=("f16", "bf16", "f32", "q8_0", "q5_1", "q5_0", "q4_0"),
    ),
    Setting("gguf.parallel", "int", 4, "Answers that one model works on at once.", least=1),
    Setting(
        "gguf.keep_alive",
        "duration",
        0.0,
        "Keep a model loaded for this long after an answer; 0 = only where it was loaded by llmx model load.",
    ),
    Setting("gguf.stop_repetition", "bool", False, "End an answer that says the same thing over and over."),
    Setting("models.dir", "string", None, "Where pulled models are kept; unset = llmx's data folder.", "user"),
    Setting("models.folders", "list", (), "More folders whose GGUF files and MLX models are used in place.", "user"),
)

TABLES = ("mcp", "endpoint", "permissions", "lsp", "prompts", "hooks", "clients")
"""Sections of a settings file that hold what coding agents are told, not settings: ``llmx.core.source`` reads them."""

BY_NAME = {setting.name: setting for setting in SETTINGS}


def defaults() -> dict[str, object]:
    """What every key means where nothing is said."""
    return {setting.name: setting.default for setting in SETTINGS}
