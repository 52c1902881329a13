"""Who may loosen what a setting limits: every way to do so, and what forbids it.

By default whoever types a command may loosen it, and the result says what was loosened. With ``exec.policy.lock`` in
the user's or the system's file nothing may: a command in the sandbox cannot write there.
"""

from llmx.core.settings.keys import BY_NAME
from llmx.core.settings.strictness import is_as_strict
from llmx.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCK = "exec.policy.lock"
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
    return value == "host" and setting != "host"


def _is_laxer(value: object, setting: object) -> bool:
    return LAXER.index(str(value)) > LAXER.index(str(setting))


def _turns_off(_value: object, enabled: object) -> bool:
    return bool(enabled)


_HIGHER = "a higher limit, or none"

WAYS = (
    Way("no_sandbox", "exec.isolation.enabled", "no sandbox", _turns_off),
    Way("level", "exec.policy.level", "a laxer level", _is_laxer),
    Way("net", "exec.net", "your network", _is_wider),
    Way("write", "exec.write", "another path to write to", _always),
    Way("read", "exec.read", "a hidden path to read", _always),
    Way("env", "exec.env_allow", "another variable", _always),
    Way("timeout", "exec.isolation.timeout", "a longer time, or no end", _is_above, is_lockable=False),
    Way("stall_timeout", "exec.stall_timeout", "a longer time, or no end", _is_above, is_lockable=False),
    Way("memory", "exec.memory", _HIGHER, _is_above),
    Way("cpu_time", "exec.cpu_time", _HIGHER, _is_above),
    Way("max_procs", "exec.max_procs", _HIGHER, _is_above),
    Way("max_file_size", "exec.max_file_size", _HIGHER, _is_above),
    Way("max_output", "exec.max_output", _HIGHER, _is_above),
)
"""All are allowed without a lock. Behind one only the times are: a longer one opens nothing."""


def loosened(typed: "Mapping[str, object]", settings: "Mapping[str, object]", env: "Mapping[str, str]") -> list[str]:
    """The options and variables that make it looser than the files do; raises ``PolicyError`` behind a lock.

    Behind a lock the settings have left such variables out already.
    """
    found = [way for way in WAYS if way.option in typed and way.loosens(typed[way.option], settings[way.limits])]
    if settings[LOCK]:
        for way in found:
            if way.is_lockable:
                raise PolicyError(
                    f"{way.flag} would loosen {way.limits}, and {LOCK} is set",
                    hint=f"drop {way.flag}; llmx config show --sources {LOCK} names the file that sets the lock",
                )
    return [way.flag for way in found] + [name for way in WAYS if (name := _variable(way, settings, env))]


def _variable(way: Way, settings: "Mapping[str, object]", env: "Mapping[str, str]") -> str:
    """The variable that sets what the way is about, if that is looser than the default; else ""."""
    setting = BY_NAME[way.limits]
    if setting.variable not in env or is_as_strict(setting, settings[way.limits], setting.default):
        return ""
    return setting.variable


def table() -> list[str]:
    """The lines of the guide's table."""
    rows = [
        f"| `{way.flag}` | {way.what} | `{way.limits}` | {'refused' if way.is_lockable else 'allowed'} |"
        for way in WAYS
    ]
    return ["| option | what it gives | setting it goes beyond | behind a lock |", "|---|---|---|---|", *rows]
