"""``--trace LEVEL``: what llmx does, line by line on stderr, with secrets masked.

The lines go through ``logging``, so that packages below llmx are heard too; nobody who does not ask pays for it.
"""

import logging
import os
import platform
import shlex
import sys
import time

import typer

from llmx import __version__
from llmx.core.redact import mask_argv, mask_message
from llmx.core.settings import Places
from llmx.core.settings.merge import merge
from llmx.core.settings.sources import shown
from llmx.errors import ConfigError, nearest

TRACE = 5
LEVELS = {
    "off": logging.CRITICAL + 1,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
NAMES = {value: name for name, value in LEVELS.items()}

logger = logging.getLogger("llmx")


class Masked(logging.Formatter):
    """A line with its level in our words, without secrets and without what could steer the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for ``record``."""
        name = NAMES.get(record.levelno, record.levelname.lower())
        text = mask_message(super().format(record), os.environ, sys.argv[1:])
        return f"{name}: {shown('; '.join(text.splitlines()))}"


def begin(ctx: typer.Context, level: str) -> None:
    """Tell from now on what is at least as serious as ``level``; raises ``ConfigError`` for a level there is not."""
    if level not in LEVELS:
        near = nearest(level.lower(), LEVELS)
        hint = f"did you mean {near}?" if near else f"the levels are {', '.join(LEVELS)}"
        raise ConfigError(f"LLMX_TRACE={level!r} is no level", source="LLMX_TRACE", hint=hint)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masked())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    logging.addLevelName(TRACE, "TRACE")
    started = time.perf_counter()
    ctx.call_on_close(lambda: logger.debug("ended after %.0f ms", (time.perf_counter() - started) * 1000))
    logger.info("llmx %s: %s", __version__, shlex.join(["llmx", *mask_argv(sys.argv[1:], os.environ)]))
    if logger.isEnabledFor(logging.DEBUG):
        _tell_settings(ctx.params.get("config"), ctx.params.get("profile"))


def _tell_settings(config: str | None, profile: str | None) -> None:
    """Where the settings come from and, at the last level, every value that is not a default."""
    try:
        places = Places(os.environ, os.getcwd(), config, profile)
        logger.debug("python %s, folder %s", platform.python_version(), os.getcwd())
        for path, identity in places.identities:
            logger.debug("settings: %s is %s", path, "absent" if identity is None else "there")
        if not logger.isEnabledFor(TRACE):
            return
        merged = merge(places, os.environ)
    except (OSError, ConfigError) as error:
        logger.error("settings: %s", error)
        return
    for name, source in merged.sources.items():
        if source.layer != "default":
            logger.log(TRACE, "setting: %s = %r from %s", name, merged.values[name], source)
