"""What confining one command costs, in CPU time of the whole tree, next to bubblewrap alone and to other sandboxes.

Runs everything interleaved as an ordinary user in a git repository. Codex and srt are left out, said aloud, where they
are not here or do not start: ``.ci/peers`` brings them and then runs this.
"""

import ctypes
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from tests.benchmarks.startup import install

ROUNDS = 41
PR_SET_CHILD_SUBREAPER = 36
BASE = "`python -c pass`"
OURS = "`llm-exec --json -- true`"
CODEX, SRT = "`codex sandbox -- true`", "`srt -c true`"

# what is run -> at most and aim, in multiples of BASE
BOUNDS = {OURS: (2.4, 1.9)}
# what is run -> how many times the cost of OURS it has to be at least
DEARER = {CODEX: 2, SRT: 10}


def bubblewrap(work):
    """The namespaces and mounts of the full level, by hand."""
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--cap-drop", "ALL", "--disable-userns", "--new-session", "--die-with-parent"),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"),
        *("--bind", work, work, "--", "true"),
    ]


def others():
    """The words that run the native binary of Codex and the script of srt; none for what is not here."""
    folder = Path(os.environ.get("LLMX_TEST_NPM", "/nonexistent"), "node_modules")
    codex = sorted(map(str, folder.glob("@openai/codex-*/vendor/*/bin/codex")))[:1]
    node = os.environ.get("LLMX_TEST_NODE", "node")
    return codex, [word for script in folder.glob(".bin/srt") for word in (node, str(script))]


def cpu_seconds(command, environment, *, check=True):
    """CPU time of ``command`` and every process that it leaves behind; the sandbox's first process is one of those."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pid = os.posix_spawnp(command[0], command, environment, file_actions=quiet)
    status = None
    while True:
        try:
            ended, code = os.wait()
        except ChildProcessError:
            break
        status = code if ended == pid else status
    if check:
        assert status == 0, command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime if status == 0 else None


def ordinary_home():
    """A HOME with a git repository ``work``, where homes are, and whose it is: root measures as the tests' own user."""
    if os.getuid() != 0:
        return Path(tempfile.mkdtemp(prefix="llmx-")), None
    user = pwd.getpwnam("llmx-tests")
    home = Path(tempfile.mkdtemp(prefix="home-", dir=user.pw_dir))
    os.chown(home, user.pw_uid, user.pw_gid)
    return home, user


def become(user):
    """Leave root for ``user``."""
    if user:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def measure(commands, environment, rounds):
    """The median of each command's CPU seconds over interleaved rounds."""
    taken = [[cpu_seconds(command, environment) for command in commands] for _ in range(rounds + 3)][3:]
    return [sorted(column)[rounds // 2] for column in zip(*taken, strict=True)]


def report(costs):
    """Print the table; whether every bound holds."""
    base, ours = costs[BASE], costs[OURS]
    print("| what | CPU ms | times `python -c pass` | at most | aim |\n|---|---|---|---|---|")
    for what, cost in costs.items():
        bound, aim = BOUNDS.get(what, ("", ""))
        print(f"| {what} | {cost * 1000:.1f} | {cost / base:.2f} | {bound} | {aim} |")
    for what, times in DEARER.items():
        if what in costs:
            print(f"{what} costs {costs[what] / ours:.1f} times {OURS}; at least {times} is promised")
    kept = [costs[what] / base <= bound for what, (bound, _) in BOUNDS.items()]
    return all(kept + [costs[what] / ours >= times for what, times in DEARER.items() if what in costs])


def race(commands, codex, srt, home, rounds):
    """Measure every way and report; whether every bound holds."""
    work = home / "work"
    work.mkdir()
    os.chdir(work)
    subprocess.run(["git", "init", "-q"], check=True)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    ours = [str(commands / "llm-exec"), "--json"]
    ways = {
        BASE: [str(commands / "python"), "-c", "pass"],
        "`llm-exec --json --no-sandbox -- true`": [*ours, "--no-sandbox", "--", "true"],
        OURS: [*ours, "--", "true"],
        "`bwrap … true`": bubblewrap(str(work)),
    }
    for what, program, words in ((CODEX, codex, ["sandbox", "--", "true"]), (SRT, srt, ["-c", "true"])):
        if program and cpu_seconds([*program, *words], environment, check=False) is not None:
            ways[what] = [*program, *words]
        else:
            print(f"NOT MEASURED: {what} {'does not start here' if program else 'is not here: bash .ci/peers'}")
    return report(dict(zip(ways, measure(list(ways.values()), environment, rounds), strict=True)))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    home, user = ordinary_home()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        commands = install(folder)
        codex, srt = others()
        pid = os.fork()
        if pid == 0:
            kept = False
            try:
                become(user)
                kept = race(commands, codex, srt, home, rounds)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(0 if kept else 1)
        _, status = os.waitpid(pid, 0)
        shutil.rmtree(home)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
