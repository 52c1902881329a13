"""Settings from environment variables: ``LLMX_EXEC__GRACE=2`` and, for models only, the names of older tools."""

from llmx.core.settings import PLAIN_VARIABLES
from llmx.core.settings.keys import BY_NAME, SETTINGS
from llmx.core.settings.kinds import is_reference, read_text
from llmx.core.settings.strictness import is_as_strict
from llmx.errors import ConfigError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmx.core.settings import Settings
    from llmx.core.settings.keys import Setting

OLDER = {
    "AUTOBOT_LLM_PROVIDER": "llm.backend",
    "AUTOBOT_LLM_ENDPOINT": "llm.api_base",
    "AUTOBOT_DEFAULT_LLM_MODEL": "llm.model",
    "AUTOBOT_LLM_MODEL": "llm.model",
    "AUTOBOT_LLM_API_KEY": "llm.api_key",
    "AUTOBOT_LLM_TIMEOUT": "llm.timeout",
    "AUTOBOT_LLM_TEMPERATURE": "llm.temperature",
    "AUTOBOT_LLM_MAX_TOKENS": "llm.max_tokens",
    "LLM_BACKEND": "llm.backend",
    "LLM_MODEL": "llm.model",
    "LLM_API_BASE": "llm.api_base",
    "LLM_API_KEY": "llm.api_key",
    "LLM_TEMPERATURE": "llm.temperature",
    "LLM_MAX_TOKENS": "llm.max_tokens",
    "LLM_TOP_P": "llm.top_p",
    "LLM_TIMEOUT": "llm.timeout",
    "LLM_ENABLE_CACHE": "llm.enable_cache",
    "LLM_CACHE_DIR": "llm.cache_dir",
}
"""The names of older tools, each read exactly; a later one beats an earlier one, and ``LLMX_`` names beat all."""


class Reading:
    """One variable and what it sets."""

    __slots__ = ("setting", "value", "variable")

    def __init__(self, setting: "Setting", value: object, variable: str) -> None:
        self.setting = setting
        self.value = value
        self.variable = variable


def apply(settings: "Settings", env: "Mapping[str, str]", *, lenient: bool = False) -> None:
    """Put the variables of ``env`` over the values of ``settings``; raises ``ConfigError``.

    ``lenient``: a value of another tool's variable that does not fit is told, and stops nothing.
    """
    values = settings.values
    locked = values["exec.policy.lock"]
    for reading in readings(env, settings.notices, lenient=lenient):
        name = reading.setting.name
        if not loosens(reading.setting, reading.value, values[name]):
            values[name] = reading.value
        elif locked:
            settings.notices.append(locked_notice(reading.variable, name))
        else:
            values[name] = reading.value
            settings.loosened.append(reading.variable)


def loosens(setting: "Setting", new: object, old: object) -> bool:
    """Whether ``new`` over ``old`` allows more, which a lock further down forbids."""
    return bool(setting.stricter) and not is_as_strict(setting, new, old)


def locked_notice(where: str, name: str) -> str:
    """What is said when a lock holds."""
    return f"{where} is ignored: it would loosen {name}, and exec.policy.lock is set"


def readings(env: "Mapping[str, str]", notices: list[str], *, lenient: bool = False) -> list[Reading]:
    """What the variables set, the weakest first; an empty variable sets nothing. Raises ``ConfigError``."""
    tolerated = ("LLM_", "AUTOBOT_") if lenient else ("AUTOBOT_",)
    older = [reading for name in OLDER if env.get(name) for reading in _older(name, env[name], notices, tolerated)]
    given = [name for name in env if name.startswith("LLMX_") and env[name]]
    own = [_own(name, env[name]) for name in given if _is_key(name, notices)]
    winner: dict[str, Reading] = {}
    for reading in older + own:
        before = winner.get(reading.setting.name)
        if before is not None and not _agree(before, reading, env):
            notices.append(f"{before.variable} is ignored: {reading.variable} says otherwise and goes first")
        winner[reading.setting.name] = reading
    return list(winner.values())


def _is_key(name: str, notices: list[str]) -> bool:
    """Whether a variable stands for a key; a likely misspelling of one that does not is told."""
    if "__" in name or name in VARIABLES:
        return True
    if name not in PLAIN_VARIABLES:
        near = nearest(name[5:], [known[5:] for known in (*PLAIN_VARIABLES, *VARIABLES)])
        if near:
            notices.append(f"{name} is ignored: llmx has no such variable; did you mean LLMX_{near}?")
    return False


def _own(name: str, text: str) -> Reading:
    setting = VARIABLES.get(name)
    if setting is None:
        near = nearest(name.upper(), list(VARIABLES))
        hint = f"did you mean {near}?" if near else "LLMX_EXEC__GRACE sets exec.grace; llmx config show lists the keys"
        raise ConfigError(f"{name} stands for no setting", source=name, hint=hint)
    return Reading(setting, _read(setting, name, text), name)


def _older(name: str, text: str, notices: list[str], tolerated: tuple[str, ...]) -> list[Reading]:
    """Another tool may use a name that begins as one of ``tolerated`` otherwise: what does not fit is told and left."""
    setting = BY_NAME[OLDER[name]]
    try:
        return [Reading(setting, _read(setting, name, text), name)]
    except ConfigError as error:
        if not name.startswith(tolerated):
            raise
        notices.append(error.message.replace(" does not fit", " is ignored: it does not fit", 1))
        return []


def _read(setting: "Setting", name: str, text: str) -> object:
    """A key itself stays in its variable: the setting only says which one that is. Raises ``ConfigError``."""
    if setting.kind == "reference" and not is_reference(text):
        return f"env:{name}"
    try:
        return read_text(setting, text)
    except ValueError as error:
        message = f"{name}={text!r} does not fit {setting.name}: {error}"
        raise ConfigError(message, key=setting.name, source=name) from None


def _agree(one: Reading, other: Reading, env: "Mapping[str, str]") -> bool:
    return one.value == other.value or env[one.variable] == env[other.variable]


VARIABLES = {setting.variable: setting for setting in SETTINGS if setting.name != "profile"}
