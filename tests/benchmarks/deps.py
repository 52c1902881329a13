"""What packages that were resolved before cost a run: the same sandboxed run with and without Nix, in CPU time.

Needs nix-shell (Debian: nix-bin). Works as an ordinary user over the tests' own small package set, in a store of its
own; what a hit costs does not depend on the size of either.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.benchmarks.sandbox import PR_SET_CHILD_SUBREAPER, become, measure, ordinary_home
from tests.benchmarks.startup import install

ROUNDS = 41
BOUND = 1.3
PACKAGES = Path(__file__).resolve().parents[1] / "exec/deps/nixpkgs"
WITHOUT, TOOLS, HOOKS = "`llm-exec -- true`", "`llm-exec --nix-shell --deps 'ripgrep fd' -- true`", "… with hooks"


def environment_of(home):
    """A user of Nix with a store of their own."""
    shutil.copytree(PACKAGES, home / "nixpkgs")
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NIX_PATH": f"nixpkgs={home}/nixpkgs",
        "NIX_CONFIG": "sandbox = false\nbuild-users-group =\nsubstitute = false\n",
        **{f"NIX_{name}_DIR": f"{home}/nix/{name.lower()}" for name in ("STORE", "STATE", "LOG")},
        "NIX_LOCALSTATE_DIR": f"{home}/nix/var",
    }


def race(commands, home, rounds):
    """Measure the ways and report; whether the bound holds."""
    work = home / "work"
    work.mkdir()
    environment = environment_of(home)
    os.chdir(work)
    subprocess.run(["git", "init", "-q"], check=True)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours = str(commands / "llm-exec")
    ways = {
        WITHOUT: [ours, "--", "true"],
        TOOLS: [ours, "--nix-shell", "--deps", "ripgrep fd", "--", "true"],
        HOOKS: [ours, "--nix-shell", "--deps", "ripgrep zlib", "--", "true"],
    }
    time.sleep(0.1)  # a package set that has just changed is not remembered
    for command in ways.values():
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    for command in ways.values():
        said = subprocess.run(command, check=True, env=environment, capture_output=True).stderr
        assert b"asking" not in said, "it was not remembered"
    costs = dict(zip(ways, measure(list(ways.values()), environment, rounds), strict=True))
    print("| what | CPU ms | times a run without | at most |\n|---|---|---|---|")
    for what, cost in costs.items():
        print(f"| {what} | {cost * 1000:.1f} | {cost / costs[WITHOUT]:.2f} | {BOUND if what != WITHOUT else ''} |")
    return all(cost <= BOUND * costs[WITHOUT] for cost in costs.values())


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    home, user = ordinary_home()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        commands = install(folder)
        pid = os.fork()
        if pid == 0:
            kept = False
            try:
                become(user)
                kept = race(commands, home, rounds)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(0 if kept else 1)
        _, status = os.waitpid(pid, 0)
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=True)
        shutil.rmtree(home)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
