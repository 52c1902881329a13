"""200 processes that burn 7 ms of CPU each. Prints the CPU seconds of all, by what the kernel tells their parent.

With ``orphans`` nobody here waits for them: then their own clocks are summed, which miss what a fork and an exit cost.
"""

import os
import resource
import sys
import time


def spent(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


orphans = "orphans" in sys.argv
here, tell = os.pipe()
for _ in range(200):
    child = os.fork()
    if child == 0:
        if orphans and os.fork():
            os._exit(0)
        while time.process_time() < 0.007:
            pass
        os.write(tell, f"{time.process_time():.6f}\n".encode())
        os._exit(0)
    os.waitpid(child, 0)
os.close(tell)
with open(here) as clocks:
    total = sum(map(float, clocks))
if not orphans:
    total = spent(resource.RUSAGE_CHILDREN)
print(f"{total + spent(resource.RUSAGE_SELF):.6f}")
