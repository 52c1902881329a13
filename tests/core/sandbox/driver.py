"""Run one command under a plan, as llm-exec would: ``driver.py CWD OPTIONS -- CMD ARGS…`` with ``OPTIONS`` in JSON.

The result goes to the file that ``result`` in the options names; everything else is passed on to ``make_plan``.
"""

import json
import os
import select
import signal
import sys
import time

from llmx.core.process import Launch, LaunchError, adopt_orphans, find_program, spawn
from llmx.core.sandbox import Abilities, enclose, make_plan
from llmx.errors import ExecError, render


def main(cwd, options, separator, *argv):
    assert separator == "--"
    asked = json.loads(options)
    result = asked.pop("result", "")
    stop_after = asked.pop("stop_after", 0)
    abilities = Abilities(**{"bwrap": "/usr/bin/bwrap", "tmpfs_size": True, **asked.pop("abilities", {})})
    try:
        answer = run(cwd, {"level": "safe", **asked}, argv, abilities, stop_after)
    except ExecError as error:
        answer = {"error": render(error), "code": error.exit_code}
    if result:
        with open(result, "w") as file:
            json.dump(answer, file, default=repr)
    else:
        print(answer, file=sys.stderr)
    return answer.get("code", 125)


def run(cwd, asked, argv, abilities, stop_after):
    plan = make_plan(cwd, os.environ, **asked)
    enclosure = enclose(plan, find_program(argv[0], os.environ.get("PATH"), cwd), list(argv), abilities)
    adopt_orphans()
    try:
        pid = spawn(
            Launch(
                enclosure.program,
                enclosure.argv,
                env=enclosure.env,
                cwd=cwd,
                keep=enclosure.keep,
                group=True,
                confine=enclosure.confine,
            )
        )
    except LaunchError as error:
        return {"error": f"{error.step}: {error}", "code": 125}
    enclosure.started(pid)
    while waits := enclosure.interest():
        poller = select.poll()
        for descriptor, events in waits:
            poller.register(descriptor, events)
        poller.poll()
        enclosure.move()
    if stop_after:
        stop(enclosure, pid, stop_after)
    _, status = os.waitpid(pid, 0)
    unstarted = enclosure.settle(status)
    enclosure.close()
    if unstarted:
        return {"error": render(unstarted), "code": unstarted.exit_code}
    fields = {name: getattr(plan, name) for name in plan.__slots__}
    return {"code": os.waitstatus_to_exitcode(status), "plan": fields, "degraded": enclosure.degraded}


def stop(enclosure, pid, after):
    """SIGTERM to the command's processes, as at a timeout, with bwrap's own spared."""
    time.sleep(after)
    spared = enclosure.spared()
    assert spared[0] == pid
    below = spared[1:]
    for parent in below:
        with open(f"/proc/{parent}/task/{parent}/children") as file:
            below += map(int, file.read().split())
    for process in below:
        if process not in spared:
            os.kill(process, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
