"""macOS: the plan as a profile for Seatbelt, which ``sandbox-exec`` applies.

This has never been run on a Mac: its text is compared with what was written down, and no more. Apple describes the
language nowhere; what is used of it here, the profiles in /System/Library/Sandbox/Profiles use. Of the rules that fit
an operation the last one decides.
"""

import os
from collections.abc import Iterable

from llmx.core.sandbox import TEMPORARY, Abilities, Enclosure, Plan
from llmx.core.sandbox.private_folder import PrivateFolder

PROGRAM = "/usr/bin/sandbox-exec"

_HIDDEN = ("/Users", "/Volumes", "/private/tmp", "/private/var/folders", "/private/var/root", "/private/var/tmp")
_NODES = ("null", "zero", "random", "urandom", "tty", "ptmx", "dtracehelper")
_SERVICES = (
    "com.apple.system.logger",
    "com.apple.system.notification_center",
    "com.apple.system.opendirectoryd.libinfo",
    "com.apple.system.opendirectoryd.membership",
)
_SERVICES_OF_THE_NETWORK = (
    "com.apple.SystemConfiguration.configd",
    "com.apple.dnssd.service",
    "com.apple.trustd.agent",
)
_BASE = """\
(version 1)
(allow default)
(deny appleevent-send job-creation mach-lookup mach-register system-socket)
(deny process-info* signal)
(allow process-info* signal (target same-sandbox))
(deny file-write*)
"""


def enclose(plan: Plan, program: str, argv: list[str], abilities: Abilities) -> Enclosure:
    """``program`` with ``argv`` under ``sandbox-exec``."""
    return Seatbelt(plan, program, argv)


class Seatbelt(Enclosure):
    """A command that ``sandbox-exec`` starts, and its temporary folder."""

    def __init__(self, plan: Plan, program: str, argv: list[str]) -> None:
        self._folder = PrivateFolder(os.environ)
        super().__init__(
            "seatbelt",
            PROGRAM,
            [PROGRAM, "-p", profile(plan, self._folder.path), program, *argv[1:]],
            self._folder.environment(plan.env),
            degraded=["untested"],
        )

    def close(self) -> None:
        self._folder.close()


def profile(plan: Plan, temporary: str = "") -> str:
    """The profile that says what the plan does; ``temporary`` is the command's own folder."""
    writable = [*plan.writable, *([temporary] if temporary else [])]
    return _BASE + "".join(
        f"{rule}\n" for rule in (*_files(plan, writable), *_services(plan), *_network(plan, writable))
    )


def _files(plan: Plan, writable: list[str]) -> Iterable[str]:
    """Parents come before what lies in them, so that the nearest rule is the last one."""
    rules = {path: f"(deny file-read* file-write* {_below(path)})" for path in (*plan.hidden, *TEMPORARY, *_HIDDEN)}
    rules |= {path: f"(allow file-read* {_below(path)})" for path in plan.readable}
    rules |= {path: f"(allow file-read* file-write* {_below(path)})" for path in writable}
    rules |= {path: f"(deny file-write* {_below(path)})" for path in plan.protected}
    yield from (rules[path] for path in sorted(rules))
    yield "(allow file-read-metadata)"
    nodes = [f"/dev/{name}" for name in _NODES]
    yield f"(allow file-read* file-write* file-ioctl {' '.join(f'(literal {_quoted(node)})' for node in nodes)})"
    yield '(allow file-read* file-write* file-ioctl (regex #"^/dev/ttys[0-9]+$") (regex #"^/dev/fd/"))'


def _services(plan: Plan) -> Iterable[str]:
    for name in (*_SERVICES, *(_SERVICES_OF_THE_NETWORK if plan.network == "host" else ())):
        yield f"(allow mach-lookup (global-name {_quoted(name)}))"


def _network(plan: Plan, writable: list[str]) -> Iterable[str]:
    """Sockets that are files work where the command can write; a loopback of its own is not to be had."""
    yield f"(deny network-outbound {_below('/')})" if plan.network == "host" else "(deny network*)"
    for path in writable:
        yield f"(allow network-bind network-inbound network-outbound {_below(path)})"
    if plan.network == "host":
        yield '(allow network-outbound (literal "/private/var/run/mDNSResponder"))'


def _below(path: str) -> str:
    return f"(subpath {_quoted(path)})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
