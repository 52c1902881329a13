"""The doctor's check of the sandbox: which level this machine can enforce, what is missing, and what mends it."""

from collections.abc import Mapping

from llmx.core.doctor import Finding
from llmx.core.sandbox import Abilities, probe
from llmx.core.sandbox.degraded import DEGRADED
from llmx.core.sandbox.landlock import weaknesses
from llmx.core.sandbox.remedies import remedy

_PROBLEMS = {
    "no_bwrap": "bubblewrap is not installed",
    "no_userns": "the system refuses user namespaces",
    "apparmor": "AppArmor refuses user namespaces to bubblewrap",
    "container": "the container refuses namespaces",
    "macos": "this is macOS",
    "system": "this system is neither Linux nor macOS",
}

_NOTHING = "a command cannot be confined: llm-exec ends with 125 unless it is given --no-sandbox"


def sandbox(env: Mapping[str, str]) -> list[Finding]:
    """Whether commands get the full sandbox; a weaker one is a warning, none at all a failure."""
    return judge(probe.abilities(env))


def judge(abilities: Abilities) -> list[Finding]:
    """What to say of a machine with these abilities: its level first, then each thing that is not enforced."""
    if abilities.inherited:
        return [Finding("ok", "inside a sandbox of llm-exec, which holds for all that is run here")]
    if abilities.bwrap and not abilities.problem:
        return _full(abilities)
    found = _PROBLEMS.get(abilities.problem, f"{abilities.bwrap} cannot make its namespaces")
    if abilities.problem == "macos":
        return [Finding("warn", f"{found}: Seatbelt", "it is weaker than what Linux has"), *_explained(["untested"])]
    if not abilities.landlock:
        return [Finding("fail", f"{found}, and the kernel has no Landlock", _NOTHING, remedy(abilities))]
    missing = weaknesses(abilities)
    level = f"{found}: the weaker level, by Landlock (ABI {abilities.landlock})"
    return [Finding("warn", level, f"not enforced: {', '.join(missing)}", remedy(abilities)), *_explained(missing)]


def _full(abilities: Abilities) -> list[Finding]:
    missing = {
        "seccomp": not abilities.seccomp,
        "nested_namespaces": not (abilities.disable_userns or abilities.seccomp),
        "tmp_size": not abilities.tmpfs_size,
    }
    names = [name for name, is_missing in missing.items() if is_missing]
    if not names:
        return [Finding("ok", f"full level, by {abilities.bwrap}")]
    fix = "upgrade bubblewrap to 0.7 or later" if not abilities.tmpfs_size else ""
    found = f"{abilities.bwrap}, less than the full level"
    return [Finding("warn", found, f"not enforced: {', '.join(names)}", fix), *_explained(names)]


def _explained(names: list[str]) -> list[Finding]:
    return [Finding("warn", f"not enforced: {name}", DEGRADED[name]) for name in names]
