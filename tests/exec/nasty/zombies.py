"""Make 50 children that are never waited for, below a daemon. Prints their pids; with ``leave`` ends at once."""

import os
import sys
import time

ready, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    pids = []
    for _ in range(50):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        pids.append(pid)
    os.write(tell, " ".join(map(str, pids)).encode())
    time.sleep(60)
    os._exit(0)
print(os.read(ready, 4096).decode(), flush=True)
if "leave" not in sys.argv:
    time.sleep(60)
