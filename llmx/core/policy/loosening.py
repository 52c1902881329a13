"""Who may loosen what a setting limits: every way to do so, and what forbids it.

By default whoever types a command may loosen it, and the result says what was loosened. With ``exec.policy.lock`` in
the user's or the system's file nothing may: a command in the sandbox cannot write there.
"""

import os

from llmx.core.network.names import combined, is_within
from llmx.core.policy.levels import LEVELS
from llmx.core.sandbox import hidden_folders
from llmx.core.sandbox.workspace import find_work, is_below, is_below_any
from llmx.core.settings.keys import BY_NAME
from llmx.errors import ExecError, PolicyError
from llmx.paths import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LOCK = "exec.policy.lock"
FILES = frozenset(("stdin", "result"))
"""Options with a file that llm-exec itself opens, outside of the sandbox."""
LAXER = ("restricted", "safe", "privileged")


class Way:
    """One way to loosen: an ``option`` as the parser calls it, the setting it goes beyond, and what it does.

    ``loosens`` says, from the option's value and that setting's, whether it does so here.
    """

    __slots__ = ("is_lockable", "limits", "loosens", "option", "what")

    def __init__(
        self,
        option: str,
        limits: str,
        what: str,
        loosens: "Callable[[object, object], bool]",
        *,
        is_lockable: bool = True,
    ) -> None:
        self.option = option
        self.limits = limits
        self.what = what
        self.loosens = loosens
        self.is_lockable = is_lockable

    @property
    def flag(self) -> str:
        """The option as it is typed."""
        return "--" + self.option.replace("_", "-")


def _always(_value: object, _setting: object) -> bool:
    return True


def _is_above(value: object, setting: object) -> bool:
    """0 stands for no limit."""
    limit, asked = _number(setting), _number(value)
    return limit > 0 and (asked > limit or asked == 0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _is_wider(value: object, setting: object) -> bool:
    words = value if isinstance(value, list) else [str(value)]
    return not is_within(combined(words), setting)


def _is_laxer(value: object, setting: object) -> bool:
    return LAXER.index(str(value)) > LAXER.index(str(setting))


def _turns_off(_value: object, enabled: object) -> bool:
    return bool(enabled)


_HIGHER = "a higher limit, or none"

WAYS = (
    Way("no_sandbox", "exec.isolation.enabled", "no sandbox", _turns_off),
    Way("level", "exec.policy.level", "a laxer level", _is_laxer),
    Way("net", "exec.net", "your network, or hosts of it", _is_wider),
    Way("connect", "exec.connect", "a port of your loopback", _always),
    Way("publish", "exec.publish", "a port that you can reach", _always),
    Way("write", "exec.write", "another path to write to", _always),
    Way("read", "exec.read", "a hidden path to read", _always),
    Way("env", "exec.env_allow", "another variable", _always),
    Way("stdin", "exec.read", "a hidden file, handed in", _always),
    Way("result", "exec.write", "what it prints, in a hidden file", _always),
    Way("timeout", "exec.isolation.timeout", "a longer time, or no end", _is_above, is_lockable=False),
    Way("stall_timeout", "exec.stall_timeout", "a longer time, or no end", _is_above, is_lockable=False),
    Way("memory", "exec.memory", _HIGHER, _is_above),
    Way("cpu_time", "exec.cpu_time", _HIGHER, _is_above),
    Way("max_procs", "exec.max_procs", _HIGHER, _is_above),
    Way("max_file_size", "exec.max_file_size", _HIGHER, _is_above),
    Way("max_output", "exec.max_output", _HIGHER, _is_above),
)
"""All are allowed without a lock. Behind one only the times are: a longer one opens nothing."""


def loosened(
    typed: "Mapping[str, object]",
    settings: "Mapping[str, object]",
    env: "Mapping[str, str]",
    chosen: "Sequence[str]" = (),
    cwd: str = "/",
) -> list[str]:
    """The options and variables that make it looser than the files do; raises ``PolicyError`` behind a lock.

    ``chosen`` is what the settings tell of themselves (``Settings.loosened``); behind a lock they have left it out.
    ``cwd`` is the folder of the command; a file for llm-exec itself only counts where that could not reach it.
    """
    is_confined = "no_sandbox" not in typed and settings["exec.isolation.enabled"]
    seen = [name for name in FILES if name in typed and not (is_confined and _is_hidden(str(typed[name]), cwd, env))]
    typed = {name: value for name, value in typed.items() if name not in seen}
    bounds = _bounds(settings)
    flags = {
        way.flag: way for way in WAYS if way.option in typed and way.loosens(typed[way.option], bounds[way.limits])
    }
    ways = flags | {
        name: way for way in WAYS if way.option not in typed and (name := _beyond_level(way, settings, env))
    }
    if settings[LOCK]:
        for name, way in ways.items():
            if way.is_lockable:
                raise PolicyError(
                    f"{name} would loosen {way.limits}, and {LOCK} is set",
                    hint=f"drop {name}; llmx config show --sources {LOCK} names the file that sets the lock",
                )
    return [*ways, *(name for layer in chosen if (name := _chooser(layer, typed, env)) and name not in ways)]


def _is_hidden(file: str, cwd: str, env: "Mapping[str, str]") -> bool:
    """Whether a sandboxed command in ``cwd`` could not see the file that llm-exec is to read or write."""
    own_home = os.path.realpath(home(env))
    path, cwd = os.path.realpath(file), os.path.realpath(cwd)
    if file == "none" or not is_below_any(path, hidden_folders(env, own_home)):
        return False
    try:
        return not is_below(path, find_work(cwd, own_home)[0])
    except ExecError:  # it is refused anyway
        return True


def _bounds(settings: "Mapping[str, object]") -> "dict[str, object]":
    """The settings with the limits of their level where they have none."""
    limits = LEVELS[str(settings["exec.policy.level"])].limits
    return {**settings, **{f"exec.{name}": settings[f"exec.{name}"] or limit for name, limit in limits.items()}}


def _beyond_level(way: Way, settings: "Mapping[str, object]", env: "Mapping[str, str]") -> str:
    """The variable that raises a limit over the level's own, which the settings cannot see; "" for none."""
    limit = LEVELS[str(settings["exec.policy.level"])].limits.get(way.option)
    variable = BY_NAME[way.limits].variable
    return variable if limit and env.get(variable) and _is_above(settings[way.limits] or limit, limit) else ""


def _chooser(layer: str, typed: "Mapping[str, object]", env: "Mapping[str, str]") -> str:
    """What chose the layer; "" for a project that the user trusts by record."""
    match layer:
        case "config":
            return "--config" if "config" in typed else "LLMX_CONFIG"
        case "project":
            return "LLMX_TRUST" if env.get("LLMX_TRUST") else ""
    return layer if layer.startswith(("LLMX_EXEC__", "LLMX_AUDIT__", "LLMX_LOGGING__")) else ""


def table() -> list[str]:
    """The lines of the guide's table."""
    rows = [
        f"| `{way.flag}` | {way.what} | `{way.limits}` | {'refused' if way.is_lockable else 'allowed'} |"
        for way in WAYS
    ]
    return ["| option | what it gives | setting it goes beyond | behind a lock |", "|---|---|---|---|", *rows]
