"""The environment of a confined command: what is allowed and asked for, its caches redirected, no network in vain."""

import os

from llmx.core.plugins import load
from llmx.errors import ExecError
from llmx.paths import cache_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALLOWED = frozenset(
    str.split(
        "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TERM COLORTERM NO_COLOR TZ CI EDITOR VIRTUAL_ENV JAVA_HOME GOPATH"
        " GOROOT CARGO_HOME RUSTUP_HOME HF_HOME"
    )
)
_FAMILIES = ("LC_", "CONDA_", "PYENV_", "NVM_")
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "AUTH", "CREDENTIAL")
_OF_THE_SHELL = frozenset(("_", "OLDPWD", "PWD", "SHLVL"))
"""Every shell makes these for itself: neither passed on nor worth a word."""

# variable -> folder below the project's cache
_CACHES = {
    "XDG_CACHE_HOME": "",
    "PIP_CACHE_DIR": "/pip",
    "UV_CACHE_DIR": "/uv",
    "npm_config_cache": "/npm",
    "YARN_CACHE_FOLDER": "/yarn",
    "BUN_INSTALL_CACHE_DIR": "/bun",
    "DENO_DIR": "/deno",
    "GOCACHE": "/go-build",
    "GOMODCACHE": "/go-mod",
    "CARGO_HOME": "/cargo",
    "GRADLE_USER_HOME": "/gradle",
    "DOTNET_CLI_HOME": "/dotnet",
}

CERTIFICATES = tuple(
    str.split(
        "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS PIP_CERT GIT_SSL_CAINFO"
        " GIT_SSL_CAPATH CARGO_HTTP_CAINFO AWS_CA_BUNDLE DENO_CERT UV_SYSTEM_CERTS UV_NATIVE_TLS NIX_SSL_CERT_FILE"
        " npm_config_cafile NPM_CONFIG_CAFILE HTTPLIB2_CA_CERTS GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
    )
)
"""Where programs that use the network find the certificates they trust: passed on, and their files shown, with it."""

_OFFLINE = {
    "npm_config_offline": "true",
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "CARGO_NET_OFFLINE": "true",
    "GOTOOLCHAIN": "local",
    "HF_HUB_OFFLINE": "1",
}

DISCARDED = "/tmp/.cache"
"""Where caches go that are not kept: inside the command's own temporary folder."""

_LONGEST_NAME = 200  # bytes; a file name has at most 255


def allowed(env: "Mapping[str, str]", also: "Iterable[str]") -> tuple[dict[str, str], list[str]]:
    """What of ``env`` a command gets, and the sorted names of what it does not.

    ``also``: more names, or beginnings of names with a ``*`` at their end.
    """
    exact = ALLOWED.union(also)
    families = tuple(name[:-1] for name in also if name.endswith("*"))
    kept: dict[str, str] = {}
    dropped = []
    for name, value in env.items():
        if name in exact or name.startswith(families) or _is_of_a_family(name):
            kept[name] = value
        elif name not in _OF_THE_SHELL:
            dropped.append(name)
    dropped.sort()
    return kept, dropped


def _is_of_a_family(name: str) -> bool:
    return name.startswith(_FAMILIES) and not any(word in name for word in _SECRET_WORDS)


def asked_for(words: "Iterable[str]", env: "Mapping[str, str]") -> dict[str, str]:
    """What the words of ``--env`` mean: ``NAME=VALUE``, or ``NAME`` as it is in ``env``."""
    found = {}
    for word in words:
        name, assigned, value = word.partition("=")
        if not name or "\0" in word:
            raise ExecError(f"--env {word!r}: a name is missing", code="sandbox", hint="--env NAME or --env NAME=VALUE")
        if not assigned and name not in env:
            raise ExecError(f"--env {name}: there is no such variable", code="sandbox", hint=f"--env {name}=VALUE")
        found[name] = value if assigned else env[name]
    return found


def redirected(cache: str) -> dict[str, str]:
    """Variables that make tools keep their caches in the folder ``cache``."""
    return {name: cache + below for name, below in _CACHES.items()}


def offline(home: str) -> dict[str, str]:
    """Variables that make tools fail at once where there is no network, instead of trying for a minute."""
    modules = f"{home}/go/pkg/mod/cache/download"
    return _OFFLINE | {"GOPROXY": f"file://{modules},off" if os.path.isdir(modules) else "off"}


def project_cache(work: str, env: "Mapping[str, str]") -> str:
    """The folder that keeps the caches of commands run in ``work``, made private; "" where none can be made."""
    parent = f"{cache_dir(env)}/sandbox"
    folder = f"{parent}/{_file_name(work)}"
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return folder if _is_own_folder(folder) else ""
    except FileNotFoundError:
        try:
            os.makedirs(parent, 0o700, exist_ok=True)
            os.mkdir(folder, 0o700)
        except OSError:
            return ""
    except OSError:
        return ""
    return folder


def _is_own_folder(folder: str) -> bool:
    status = os.lstat(folder)
    return status.st_mode & 0o170000 == 0o040000 and status.st_uid == os.getuid()  # S_IFDIR


def _file_name(work: str) -> str:
    """One name for each path: two projects that shared their caches could poison each other's."""
    name = work.replace("_", "__").replace("/", "_-")
    if len(os.fsencode(name)) > _LONGEST_NAME:
        return str(load("hashlib:sha256")(os.fsencode(work)).hexdigest())
    return name.removeprefix("_-")
