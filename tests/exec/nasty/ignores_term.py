"""Ignore every signal that can be ignored."""

import signal
import time

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
