"""The weaker level, for machines without bubblewrap or namespaces: Landlock and seccomp on the command itself.

No namespaces, so the command has the user's own view of the machine: it can read and write what the plan opens, and
see that there is more. ``degraded.py`` says what that leaves open.
"""

import os
from collections.abc import Callable

from llmx.core.sandbox import Abilities, Enclosure, Plan, seccomp
from llmx.core.sandbox.bubblewrap import is_visible
from llmx.core.sandbox.landlock_rules import can_protect, rules
from llmx.core.sandbox.private_folder import PrivateFolder
from llmx.core.sandbox.ruleset import IOCTL_SINCE, NEWEST, SCOPE_SINCE, TRUNCATE_SINCE, Ruleset, restrict
from llmx.errors import CommandNotFoundError, ExecError

ALWAYS = (
    *("pid_namespace", "ipc_namespace", "private_tmp", "private_shm", "tmp_size"),
    *("chmod_outside", "unix_sockets", "hidden_names", "other_terminals"),
)


def enclose(plan: Plan, program: str, argv: list[str], abilities: Abilities) -> Enclosure:
    """``program`` with ``argv`` under Landlock; raises ``ExecError`` if it is hidden, or no rules can be made."""
    for path in (os.path.join(plan.cwd, program), os.path.realpath(os.path.join(plan.cwd, program))):
        if not is_visible(path, plan):
            raise CommandNotFoundError(
                f"{program}: the sandbox hides it ({path})",
                hint=f"--read {os.path.dirname(path)} shows its folder, read-only",
            )
    return Landlock(plan, program, argv, abilities)


class Landlock(Enclosure):
    """A command that restricts itself right before it starts, and its temporary folder."""

    def __init__(self, plan: Plan, program: str, argv: list[str], abilities: Abilities) -> None:
        abi = min(abilities.landlock, NEWEST)
        self._folder: PrivateFolder | None = None
        self._ruleset: Ruleset | None = None
        try:
            self._ruleset = Ruleset(abi, tcp=plan.network != "none")
            self._folder = _private_folder(plan)
            for path, rights in rules(plan, self._folder.path if self._folder else ""):
                self._ruleset.allow(path, rights)
        except OSError as error:
            self.close()
            raise ExecError(
                f"the sandbox could not be set up: Landlock {abi}: {error}",
                code="sandbox",
                hint="llmx doctor says what is missing; --no-sandbox runs without a sandbox",
            ) from None
        descriptor = self._ruleset.descriptor
        super().__init__(
            "landlock",
            program,
            argv,
            self._folder.environment(plan.env) if self._folder else plan.env,
            degraded=degraded(plan, abilities) + ([] if self._folder else ["no_tmp"]),
            keep=(descriptor,),
            confine=_confinement(descriptor, _filter(plan, abilities)),
        )

    def close(self) -> None:
        for held in (self._ruleset, self._folder):
            if held:
                held.close()


def _private_folder(plan: Plan) -> PrivateFolder | None:
    """The command's temporary folder; None where nothing at all can be written to, as in a read-only sandbox."""
    try:
        return PrivateFolder(os.environ, plan.writable[::-1])
    except OSError:
        return None


def _filter(plan: Plan, abilities: Abilities) -> Callable[[], None] | None:
    """What puts the filter on; without a network namespace no loopback is private, so without network there is none."""
    return seccomp.installer(inet=plan.network != "none") if abilities.seccomp else None


def _confinement(descriptor: int, install: Callable[[], None] | None) -> Callable[[], None]:
    """What the child does to itself; all that it needs is there already."""

    def confine() -> None:
        restrict(descriptor)
        os.close(descriptor)
        if install:
            install()

    return confine


def degraded(plan: Plan, abilities: Abilities) -> list[str]:
    """What of the plan is not enforced, in short names."""
    of_the_plan = {
        "exact_max_procs": plan.max_procs > 0,
        "protected": not all(can_protect(path, plan) for path in plan.protected),
    }
    missing = weaknesses(abilities, has_network=plan.network != "none", has_loopback=plan.level != "restricted")
    return [*missing, *(name for name, is_missing in of_the_plan.items() if is_missing)]


def weaknesses(abilities: Abilities, *, has_network: bool = False, has_loopback: bool = True) -> list[str]:
    """What is enforced in no plan that is to have, or not to have, the network or at least a loopback of its own."""
    abi = abilities.landlock
    missing = {
        "network_namespace": not has_network,
        "private_loopback": has_loopback and not has_network,
        "truncate_outside": abi < TRUNCATE_SINCE,
        "tcp": not has_network and not abilities.seccomp,
        "udp": not has_network and not abilities.seccomp,
        "device_ioctl": abi < IOCTL_SINCE,
        "signals": abi < SCOPE_SINCE,
        "abstract_sockets": abi < SCOPE_SINCE,
        "seccomp": not abilities.seccomp,
    }
    return [*ALWAYS, *(name for name, is_missing in missing.items() if is_missing)]
