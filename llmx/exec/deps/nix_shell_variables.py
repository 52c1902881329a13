"""Which of the variables inside of nix-shell a command needs, and which only a build does."""

import re

_OF_THE_BUILD = frozenset(
    str.split(
        "IN_NIX_SHELL NIX_BUILD_TOP NIX_BUILD_CORES NIX_BUILD_SHELL NIX_STORE NIX_LOG_FD NIX_REMOTE NIX_SSL_CERT_FILE"
        " NIX_INDENT_MAKE NIX_ENFORCE_PURITY NIX_PATH NIX_CONFIG NIX_CONF_DIR NIX_STATE_DIR NIX_STORE_DIR"
        " NIX_LOCALSTATE_DIR NIX_LOG_DIR NIX_USER_CONF_FILES NIX_DAEMON_SOCKET_PATH NIX_PROFILES"
        " TMP TMPDIR TEMP TEMPDIR SSL_CERT_FILE SOURCE_DATE_EPOCH HOST_PATH GZIP_NO_TIMESTAMPS"
        " PATH HOME USER LOGNAME SHELL TERM TZ PAGER DISPLAY WAYLAND_DISPLAY XDG_RUNTIME_DIR XAUTHORITY"
        " PWD OLDPWD SHLVL LC_ALL NO_COLOR NIX_SHELL_PRESERVE_PROMPT PS1 PS4 LINES COLUMNS OPTIND OSTYPE"
    )
)

_OF_LLMX = ("LLMX_", "LLM_", "AUTOBOT_", "XDG_CACHE_", "XDG_CONFIG_", "XDG_STATE_", "XDG_DATA_HOME")


def kept_variables(found: dict[str, str]) -> dict[str, str]:
    """Those that compilers and interpreters find things by; a derivation's own are in small letters."""
    return {
        name: value
        for name, value in found.items()
        if name not in _OF_THE_BUILD
        and not name.startswith(_OF_LLMX)
        and name.upper() == name
        and name.isidentifier()
        and name[0] != "_"
        and value
    }


def store_paths(values: list[str], store: str) -> list[str]:
    """The packages that ``values`` mention, each once."""
    pattern = re.compile(rf"{re.escape(store)}/[0-9a-z]{{32}}-[0-9A-Za-z+._?=-]+")
    return sorted({path for value in values for path in pattern.findall(value)})
