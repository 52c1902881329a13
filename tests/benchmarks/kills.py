"""Kill llm-exec 200 times at random moments: what is left of the runs, and how long their processes take to go.

As often again while bubblewrap prepares, half of them with the watcher and half with the guard that stands for it.
The suite does the same 40 times. Runs as an ordinary user's, in a git repository.
"""

import os
import pwd
import sys

from tests.exec.conftest import places
from tests.exec.everyday.conftest import Project
from tests.exec.everyday.killing import kill_at_random_moments, kill_while_bubblewrap_prepares

TIMES = 200


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    user = pwd.getpwnam("llmx-tests") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with places() as make:
        place = make(user.pw_uid, user.pw_dir)
        place.env["USER"] = place.env["LOGNAME"] = user.pw_name
        project = Project(place)
        kills = kill_at_random_moments(project, times, seed=None)
        for options in ((), ("--max-file-size", "1G")):
            kills.left += kill_while_bubblewrap_prepares(project, times // 2, *options, seed=None).left
    seconds = sorted(kills.seconds)
    print(
        "| kills | command was running | left | median until all is gone | 95 % | at most |\n|---|---|---|---|---|---|"
    )
    middle, late = seconds[times // 2], seconds[times * 95 // 100]
    print(
        f"| {times} | {kills.started} | {len(kills.left)} | {middle * 1000:.0f} ms | {late * 1000:.0f} ms"
        f" | {seconds[-1] * 1000:.0f} ms |"
    )
    for thing in kills.left:
        print(f"LEFT: {thing}")
    sys.exit(bool(kills.left))


if __name__ == "__main__":
    main()
