"""What a client of the library can be told; whatever is left out comes from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from llmx.core.settings.keys import BY_NAME
from llmx.core.settings.kinds import expected, read_value
from llmx.errors import ConfigError


@dataclass(frozen=True)
class LLMConfig:
    """How a model is called; None is unset, so that a temperature of 0.0 is one. ``timeout`` is in seconds, 0 = none.

    ``api_key`` is a key, or says where one is kept: ``env:NAME``, ``file:PATH`` or ``keyring:NAME``. ``usual`` names
    the parameters that nobody has asked for, and that give way where a model does not take them.
    """

    backend: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_base: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    timeout: float | None = None
    enable_cache: bool | None = None
    cache_dir: str | None = None
    usual: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in ("temperature", "max_tokens", "top_p", "timeout"):
            value, setting = getattr(self, name), BY_NAME[f"llm.{name}"]
            try:
                if value is not None:
                    read_value(setting, value)
            except ValueError:
                raise ConfigError(f"{name}={value!r}: it must be {expected(setting)}", key=name) from None

    def over(self, settings: Mapping[str, object]) -> "LLMConfig":
        """This over the settings: what is unset here is as they say. Keys and URLs stay apart, see ``access``."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        apart = ("backend", "model", "api_key", "api_base")
        filled = {name: settings[f"llm.{name}"] for name, value in own.items() if value is None and name not in apart}
        return LLMConfig(**{**own, **filled})
