"""On SIGTERM, have two children, each in a session of its own, that have two more: 62 processes that ignore it all."""

import os
import signal
import time

GENERATIONS = 5


def live(generation):
    if generation < GENERATIONS:
        for _ in range(2):
            if os.fork() == 0:
                os.setsid()
                live(generation + 1)
    time.sleep(60)
    os._exit(0)


def multiply(number, frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    live(0)


signal.signal(signal.SIGTERM, multiply)
print("ready", flush=True)
time.sleep(60)
