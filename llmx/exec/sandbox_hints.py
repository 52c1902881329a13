"""The line to type instead, when what made a command fail is something that the sandbox took away."""

import os
import re
import shlex
from collections.abc import Iterator

from llmx.core.plugins import load
from llmx.core.sandbox.workspace import SYSTEM, holds_secrets, is_below_any, refusal
from llmx.paths import audit_log, cache_dir, config_dir, state_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.sandbox import Plan

NETWORK = (
    "could not resolve host",
    "unable to resolve host",
    "temporary failure in name resolution",
    "temporary failure resolving",
    "name or service not known",
    "nodename nor servname provided",
    "network is unreachable",
    "cache mode is 'only-if-cached'",
    "(from versions: none)",
    "network was disabled",
    "network connectivity is disabled",
    "--offline was specified",
    "you're using offline mode",
    "offline mode is enabled",
    "disabled by goproxy=off",
    "unknownhostexception",
    "bad hostname",
    "php_network_getaddresses",
)
"""What tools say that find no network, or were told by a variable not to look for one."""

_CODES = re.compile(
    r"(getaddrinfo|query\w*|connect|code:?|errno:?|error) \W?(ENOTFOUND|EAI_AGAIN|ENETUNREACH|ENOTCACHED)\b"
)
_FAR = re.compile(r"[Ff]ailed to connect to (?!localhost|127\.|\[?::1)[\w.:-]+ port \d+")
_NO_CARD = ("no cuda-capable device", "no cuda gpus are available", "no nvidia gpu", "found no nvidia driver")
_REFUSED = ("Read-only file system", "Permission denied", "EROFS", "EACCES")
_ABSENT = ("No such file", "ENOENT", "not found", "does not exist", "can't cd to", "Cannot find module")
_CREATES = re.compile(r"(cannot|[Cc]ould not) (touch|create)|can't create|Directory nonexistent|^tee: |for writing")
_UNSET_BEFORE = (
    r"\b(KeyError|missing|required|undefined|unset|not (set|found|defined)|(must|please) (set|export|provide|define))"
    r"[\s:]*((the|an?|required|environment|env|variables?|vars?|following|key)[\s:]+)*['\"`$({<\[]*"
)
_UNSET_BEHIND = (
    r"['\"`)}>\]]*:?\s*((environment |env )?(variable|var) )?((is|was|has) )?"
    r"((not|never) (been )?(set|provided|defined|found|configured|specified)|unset|unbound|required|missing|undefined"
    r"|empty|parameter (not set|null)|(must|should|needs? to|has to) be (set|provided|defined|configured|specified))\b"
)
_PATH = re.compile(r"/[\w.@+~/-]+")
_QUOTED = re.compile(r"'(/[^']+)'|\"(/[^\"]+)\"")
_BEFORE_A_COLON = re.compile(r"(?<![\w.@+~/-])(/[^:]+): ")
_ABSOLUTE = re.compile(r"(?<![\w.@+~/-])/[\w.@+~/-]+")
_LINES, _LONGEST, _BYTES = 60, 1000, 1 << 16  # of the end of what was said; more could take minutes to look through


def line_to_run_again(
    *,
    argv: list[str],
    options: list[str],
    is_shell: bool,
    stdout: bytes,
    stderr: bytes,
    plan: "Plan",
    can_name_hosts: bool = True,
) -> str | None:
    """The same line with the option that gives back what was missing; None where that is not clear."""
    lines = last_lines(stderr, stdout)
    command = [] if is_shell else ["--", *argv]
    if "--no-gpu" in options and any(phrase in line.lower() for line in lines for phrase in _NO_CARD):
        return shlex.join(["llm-exec", *(word for word in options if word != "--no-gpu"), *command])
    option = next(_options(lines, plan, can_name_hosts=can_name_hosts), None)
    return shlex.join(["llm-exec", *options, *option, *command]) if option else None  # the last one wins


def about_home(*, stdout: bytes, stderr: bytes, plan: "Plan") -> str:
    """What to do where a command was to write straight into the home folder, which nothing opens; "" elsewhere."""
    home = plan.env.get("HOME", "/")
    refused = [line for line in last_lines(stderr, stdout) if any(phrase in line for phrase in _REFUSED)]
    if not any(os.path.dirname(path.rstrip("./")) == home for line in refused for path in _paths(line)):
        return ""
    return f"the home folder is never opened as a whole: write below {plan.work}, or have --write open a folder in it"


def last_lines(*said: bytes) -> list[str]:
    """What messages are looked for in: a command may have said anything at any length."""
    text = b"\n".join(each[-_BYTES:] for each in said).decode(errors="replace")
    return [line[:_LONGEST] for line in text.splitlines()[-_LINES:]]


def _options(lines: list[str], plan: "Plan", *, can_name_hosts: bool) -> Iterator[list[str]]:
    if plan.network == "none" and (told := [line for line in lines if misses_network(line)]):
        hosts = load("llmx.exec.missing_hosts:missing")(told) if can_name_hosts else ""
        yield ["--net", hosts or "host"]
    if plan.level == "restricted" and any(_is_of_the_level(line, plan) for line in lines):
        yield ["--level", "safe"]
    for line in lines:
        if name := _missing_variable(line, plan):
            yield ["--env", name]
        for path in _paths(line):
            if option := _for_path(path.rstrip("./") or "/", line, plan):
                yield option


def misses_network(line: str) -> bool:
    """Whether the line is what a program says that finds no network."""
    return bool(_FAR.search(line) or _CODES.search(line)) or any(phrase in line.lower() for phrase in NETWORK)


def _paths(line: str) -> Iterator[str]:
    """The paths in the line, first those that may have spaces in them: their beginning would name a folder above."""
    told = [one or other for one, other in _QUOTED.findall(line)] + _BEFORE_A_COLON.findall(line)
    whole = [path for path in told if os.path.isdir(os.path.dirname(path))]
    yield from whole
    yield from (path for path in _PATH.findall(line) if not any(other.startswith(path) for other in whole))


def _is_of_the_level(line: str, plan: "Plan") -> bool:
    """Whether it says that a path of the project is read-only."""
    return any(phrase in line for phrase in _REFUSED[::2]) and all(
        is_below_any(path, [plan.work]) for path in _ABSOLUTE.findall(line)
    )


def _missing_variable(line: str, plan: "Plan") -> str:
    """A variable that was taken away and that the line says is missing."""
    return next((name for name in plan.dropped if name in line and _is_missed(name, line)), "")


def _is_missed(name: str, line: str) -> bool:
    pattern = rf"{_UNSET_BEFORE}{name}\b|\b{name}{_UNSET_BEHIND}"
    return name.isidentifier() and bool(re.search(pattern, line, re.IGNORECASE))


def _for_path(path: str, line: str, plan: "Plan") -> list[str] | None:
    home = plan.env.get("HOME", "/")
    path = os.path.normpath(path)
    if is_below_any(path, plan.writable) or _is_out_of_bounds(path, home):
        return None
    if any(phrase in line for phrase in _REFUSED) or (_CREATES.search(line) and is_below_any(path, plan.hidden)):
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        is_ours = os.path.isdir(folder) and os.access(folder, os.W_OK) and not refusal(os.path.realpath(folder), home)
        return ["--write", folder] if is_ours and not _is_out_of_bounds(folder, home) else None
    if any(phrase in line for phrase in _ABSENT) and is_below_any(path, plan.hidden):
        return ["--read", path] if os.path.exists(path) and not is_below_any(path, plan.readable) else None
    return None


def _is_out_of_bounds(path: str, home: str) -> bool:
    """Whether no hint is to name it, whatever a command says: credentials, all that is hidden, llmx's own, devices."""
    closed = (config_dir(), state_dir(), cache_dir(), audit_log(), "/dev", "/proc")
    return any(
        holds_secrets(place, home) or is_below_any(place, closed) or place in SYSTEM
        for place, home in ((path, home), (os.path.realpath(path), os.path.realpath(home)))
    )
