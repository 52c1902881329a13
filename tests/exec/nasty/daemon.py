"""Double fork and setsid: a daemon that ignores TERM, HUP and INT and holds stdout. ``leave``: then end; else wait."""

import os
import signal
import sys
import time

ready, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.write(tell, b"%d" % os.getpid())
        os.close(tell)
        time.sleep(60)
    os._exit(0)
os.wait()
print("daemon", os.read(ready, 20).decode(), flush=True)
if "leave" not in sys.argv:
    time.sleep(60)
