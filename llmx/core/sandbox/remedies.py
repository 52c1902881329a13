"""What to type so that this machine can make the full sandbox."""

import os
import shlex

from llmx.core.sandbox import Abilities
from llmx.errors import ExecError

_INSTALL = {
    "apt-get": "sudo apt-get install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "apk": "sudo apk add bubblewrap",
    "nix": "nix profile install nixpkgs#bubblewrap",
}
_PACKAGERS = {
    **dict.fromkeys(("debian", "ubuntu"), "apt-get"),
    **dict.fromkeys(("fedora", "rhel", "centos"), "dnf"),
    **dict.fromkeys(("suse", "opensuse"), "zypper"),
    "arch": "pacman",
    "alpine": "apk",
    "nixos": "nix",
}

_PROFILE = ("abi <abi/4.0>,", "include <tunables/global>", "profile bwrap {} flags=(unconfined) {{ userns, }}")

_CONTAINER = "start the container with: docker run " + " ".join(
    f"--security-opt {option}=unconfined" for option in ("seccomp", "apparmor", "systempaths")
)

_SWITCHES = (
    ("kernel.unprivileged_userns_clone", "1"),
    ("user.max_user_namespaces", "10000"),
)


def remedy(abilities: Abilities, release: str = "/etc/os-release") -> str:
    """The command that mends ``abilities.problem``; "" where there is none to be had."""
    match abilities.problem:
        case "no_bwrap":
            return _INSTALL[packager(release)]
        case "apparmor":
            return allow_by_apparmor(abilities.bwrap)
        case "container":
            return _CONTAINER
        case "no_userns" | "refused":
            return allow_namespaces()
    return ""


def refuse_network(abilities: Abilities) -> None:
    """Raise ``ExecError``: hosts and ports by name need a network of the command's own, which only the full level has.

    Landlock knows ports and no addresses: a command that may connect to the proxy's port may do so on any host.
    """
    fix = remedy(abilities)
    raise ExecError(
        "--net NAME, --connect and --publish need the full sandbox, which is not to be had here: nothing weaker"
        " knows hosts",
        code="sandbox",
        hint=f"{fix}{'; ' if fix else ''}llmx doctor says more; --net host gives the whole network",
    )


def packager(release: str) -> str:
    """The program that installs packages here, going by the file that tells which system this is."""
    try:
        with open(release, encoding="utf-8", errors="replace") as file:
            told = dict(line.strip().split("=", 1) for line in file if "=" in line)
    except OSError:
        return "apt-get"
    names = f"{told.get('ID', '')} {told.get('ID_LIKE', '')}".replace('"', "").split()
    return next((_PACKAGERS[name] for name in names if name in _PACKAGERS), "apt-get")


def allow_by_apparmor(bwrap: str, packaged: str = "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict") -> str:
    """Let bubblewrap, and no other program, make user namespaces where AppArmor withholds them (Ubuntu since 23.10)."""
    if bwrap == "/usr/bin/bwrap" and os.path.exists(packaged):
        return f"sudo cp {packaged} /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict"
    lines = " ".join(shlex.quote(line.format(bwrap)) for line in _PROFILE)
    return f"printf '%s\\n' {lines} | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap"


def allow_namespaces(switches: str = "/proc/sys") -> str:
    """Turn on whichever of the kernel's switches for user namespaces is off."""
    for name, value in _SWITCHES:
        try:
            with open(f"{switches}/{name.replace('.', '/')}", encoding="ascii") as switch:
                if switch.read().strip() == "0":
                    return f"sudo sysctl -w {name}={value}"
        except OSError:
            continue
    return f"sudo sysctl -w {_SWITCHES[-1][0]}={_SWITCHES[-1][1]}"
