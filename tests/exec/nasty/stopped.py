"""A child that has stopped itself, and with ``both`` the parent too."""

import os
import signal
import sys
import time

child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(60)
    os._exit(0)
os.waitpid(child, os.WUNTRACED)
print("ready", flush=True)
if "both" in sys.argv:
    os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(60)
