"""Ignore SIGCHLD, so that the kernel reaps the children and forgets what they used."""

import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
ended, tell = os.pipe()
if os.fork() == 0:
    while time.process_time() < 0.05:
        pass
    os._exit(0)
os.close(tell)
os.read(ended, 1)
