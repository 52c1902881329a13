"""The package index that pip is set up for, told to uv, which does not read pip's settings."""

import configparser
import os
from collections.abc import Mapping

from llmx.paths import home

# pip's key -> uv's variable, and what stands between two values in it
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "cert": ("SSL_CERT_FILE", " "),
}
_SECTIONS = ("global", "install")
_OWN_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_TRUE = ("1", "true", "yes", "on", "t", "y")


def files(env: Mapping[str, str]) -> list[str]:
    """Where pip keeps its settings, what counts more behind what counts less."""
    if (only := env.get("PIP_CONFIG_FILE")) == os.devnull:
        return []
    own = home(env)
    configuration = env.get("XDG_CONFIG_HOME") or f"{own}/.config"
    found = ["/etc/pip.conf", f"{own}/.pip/pip.conf", f"{configuration}/pip/pip.conf"]
    return [*found, only] if only else found


def as_uv_takes_them(env: Mapping[str, str], cwd: str) -> dict[str, str]:
    """Variables for uv; none where uv has an index of its own."""
    found = _of_pip(env, cwd)
    return {
        variable: between.join(_absolute(word, cwd) if key == "find-links" else word for word in found[key].split())
        for key, (variable, between) in _VARIABLES.items()
        if found.get(key) and not (variable == "SSL_CERT_FILE" and variable in env)
    }


def options(env: Mapping[str, str], cwd: str) -> list[str]:
    """Options for uv: that no index is to be asked has no variable."""
    return ["--no-index"] if _of_pip(env, cwd).get("no-index", "").lower() in _TRUE else []


def _of_pip(env: Mapping[str, str], cwd: str) -> dict[str, str]:
    """What pip is set up for, by its keys."""
    if any(name in env for name in _OWN_INDEX):
        return {}
    found: dict[str, str] = {}
    for path in files(env):
        found |= _section(os.path.join(cwd, path))
    for key in (*_VARIABLES, "no-index"):
        if value := env.get(f"PIP_{key.upper().replace('-', '_')}"):
            found[key] = value
    return found


def _absolute(word: str, cwd: str) -> str:
    """uv runs elsewhere."""
    return word if "://" in word else os.path.join(cwd, word)


def _section(path: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}  # pip itself says what is wrong with it
    return {key: value for name in _SECTIONS if parser.has_section(name) for key, value in parser[name].items()}
