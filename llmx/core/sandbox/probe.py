"""Find out, by trying, what this machine can enforce; ``abilities.py`` reads the answer from then on."""

import contextlib
import ctypes
import marshal
import os
import subprocess
import sys
import time
from collections.abc import Mapping

from llmx.core.sandbox import Abilities, seccomp
from llmx.core.sandbox.abilities import FIELDS, cache_file, find_bwrap, key
from llmx.core.sandbox.bubblewrap import NAMESPACES
from llmx.paths import write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.sandbox.abilities import Key

WAIT_S = 10.0
LANDLOCK_CREATE_RULESET, ASK_VERSION = 444, 1

_TRY = ("--unshare-net", "--new-session", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")


def abilities(env: Mapping[str, str]) -> Abilities:
    """What can be enforced here and now, really tried; remembered where the cache folder can be written."""
    bwrap = find_bwrap(env)
    found = probe(bwrap, env)
    remember(cache_file(env), (key(env, bwrap), tuple(getattr(found, name) for name in FIELDS), time.time()))
    return found


def probe(bwrap: str, env: Mapping[str, str]) -> Abilities:
    """Try ``bwrap`` with all that a full sandbox needs, and ask the kernel about the rest."""
    if not sys.platform.startswith("linux"):
        return Abilities(problem="macos" if sys.platform == "darwin" else "system")
    abi, seccomp_works = landlock_abi(), has_seccomp()
    if not bwrap:
        return Abilities(landlock=abi, seccomp=seccomp_works, problem="no_bwrap")
    options = offered(bwrap)
    has_disable, has_size = "--disable-userns" in options, "--size" in options
    sized = ["--size", "1048576"] if has_size else []
    words = [*NAMESPACES, *_TRY, *sized, "--tmpfs", "/tmp", *(["--disable-userns"] if has_disable else [])]
    refusal = run([bwrap, *words, "--", bwrap, "--version"], env)
    if refusal and has_disable:  # a kernel that lets bwrap make one namespace only
        has_disable = False
        refusal = run([bwrap, *words[:-1], "--", bwrap, "--version"], env)
    problem = explain(refusal) if refusal else ""
    return Abilities(
        landlock=abi,
        seccomp=seccomp_works,
        bwrap=bwrap,
        disable_userns=has_disable,
        tmpfs_size=has_size,
        problem=problem,
    )


def offered(bwrap: str) -> str:
    """The options that this version of bwrap knows, as it tells them."""
    try:
        done = subprocess.run([bwrap, "--help"], capture_output=True, text=True, timeout=WAIT_S, check=False, env={})
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def run(words: list[str], env: Mapping[str, str]) -> str:
    """Why this cannot be run; "" when it can."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WAIT_S,
            check=False,
            cwd="/",
            env={"PATH": env.get("PATH", os.defpath)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""


def explain(refusal: str) -> str:
    """The short name of what keeps bwrap from working."""
    if is_on("kernel/apparmor_restrict_unprivileged_userns"):
        return "apparmor"
    if "No permissions to creat" in refusal or "Creating new namespace failed" in refusal:
        return "container" if in_container() else "no_userns"
    if in_container():
        return "container"
    return "refused"


def is_on(name: str) -> bool:
    """Whether this switch of the kernel is there and on."""
    try:
        with open(f"/proc/sys/{name}", encoding="ascii") as switch:
            return switch.read().strip() == "1"
    except OSError:
        return False


def in_container() -> bool:
    """Whether this is a container of Docker's kind, going by what such programs leave in it."""
    return any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))) or "container" in os.environ


def landlock_abi() -> int:
    """The version of the kernel's Landlock, 0 where it has none or it is off."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        answer: int = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, ASK_VERSION)
    except (AttributeError, OSError):
        return 0
    return max(0, answer)


def has_seccomp() -> bool:
    """Whether the kernel takes filters and there is one for this instruction set."""
    return seccomp.is_available() and os.path.exists("/proc/sys/kernel/seccomp/actions_avail")


def remember(file: str, answer: "tuple[Key, tuple[object, ...], float]") -> None:
    """Keep the answer for the next run; it is found out again where that fails."""
    with contextlib.suppress(OSError):
        write_private(file, marshal.dumps(answer))  # type: ignore[arg-type]  # plain values all through
