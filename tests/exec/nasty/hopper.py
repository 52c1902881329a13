"""Re-fork every half millisecond, each time in a session of its own, so that no list of pids is true for long."""

import os
import signal
import sys
import time

END = time.monotonic() + 60
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    hops = 0
    while time.monotonic() < END:
        os.setsid()
        hops += 1
        if hops == 20:
            print("ready", flush=True)
        time.sleep(0.0005)
        if os.fork():
            os._exit(0)
    os._exit(0)
if "leave" not in sys.argv:
    time.sleep(60)
os.wait()
