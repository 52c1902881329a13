"""uv as a source of Python packages, for those without Nix."""

import os

from llmx.core.plugins import load
from llmx.errors import ExecError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.exec.deps.asked import Wanted
    from llmx.exec.deps.kept import Environment
    from llmx.exec.deps.place import Place

INSTALL = "pip install uv, or pipx install uv; https://docs.astral.sh/uv says more"
_ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_OPERATORS = ("===", "==", "~=", "!=", "<=", ">=", "<", ">")
STEERING = ("UV_", "PIP_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "XDG_CONFIG_")


class Uv:
    """The user's own uv with the package index that uv, or else pip, is set up for."""

    name = "uv"
    title = "uv"

    def parse(self, text: str) -> list[str]:
        """Names with extras and versions, such as ``pandas[excel]>=2,<3``.

        No URL, no path, no option: what they name could be built, and so run, outside of the sandbox.
        """
        words = [word.rstrip(",") for word in text.split() if word != ","]
        for word in words:
            if not is_requirement(word):
                raise UsageError(f"--uv {word}: not a Python package", hint=_meant(word))
        return words

    def key(self, wanted: "Wanted", place: "Place") -> str:
        """The names in one order, uv, the Python that is there, and what steers uv and pip."""
        programs = [place.program(name) for name in ("uv", "python3")]
        if not programs[0]:
            raise ExecError("--uv: there is no uv on the PATH", code="deps", hint=INSTALL)
        facts = [os.stat(program) for program in programs if program]
        steering = sorted([item for item in place.env.items() if item[0].upper().startswith(STEERING)])
        identities = [(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size) for found in facts]
        return repr((1, wanted.names, programs, identities, place.env.get("HOME", ""), steering))

    def resolve(self, wanted: "Wanted", place: "Place", folder: str) -> "Environment":
        """Make a virtual environment in ``folder`` and install wheels into it."""
        found: Environment = load("llmx.exec.deps.uv_environment:resolve")(wanted, place, folder)
        return found

    def package_of(self, command: str) -> str:
        """Never guessed: names on the index belong to whoever took them."""
        return ""


SOURCE = Uv()


def is_requirement(word: str) -> bool:
    """Whether ``word`` is a name, perhaps with extras and versions, and can be nothing else."""
    at = min([place for place in map(word.find, "[<>=!~") if place >= 0], default=len(word))
    name, rest = word[:at], word[at:]
    if rest[:1] == "[":
        extras, bracket, rest = rest[1:].partition("]")
        if not bracket or not all([_is_name(extra) for extra in extras.split(",")]):  # noqa: C419
            return False
    return _is_name(name) and (not rest or all([_is_bound(bound) for bound in rest.split(",")]))  # noqa: C419


def _is_name(name: str) -> bool:
    return name[:1] in (*_ALNUM,) and name[-1:] in (*_ALNUM,) and not name.strip(f"{_ALNUM}._-")


def _is_bound(bound: str) -> bool:
    operator = next((one for one in _OPERATORS if bound.startswith(one)), "")
    version = bound[len(operator) :]
    return bool(operator and version) and not version.strip(f"{_ALNUM}.*+!_-") and version[0] in _ALNUM


def _meant(word: str) -> str:
    if word in _OPERATORS or word[:1] in ("<", ">", "=", "!", "~"):
        return "write name and version without spaces between: --uv 'requests>=2'"
    name, at, version = word.partition("@")
    if at and is_requirement(f"{name}=={version}"):
        return f"write {name}=={version}"
    return "--uv 'requests pandas[excel]>=2,<3': names from the package index, no files, URLs or options"
