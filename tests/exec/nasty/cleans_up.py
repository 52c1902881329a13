"""On SIGTERM, write the file named by the argument and end with 0, as a well-behaved program does."""

import signal
import sys
import time


def clean_up(number, frame):
    with open(sys.argv[1], "w") as file:
        file.write("cleaned up")
    sys.exit(0)


signal.signal(signal.SIGTERM, clean_up)
print("ready", flush=True)
time.sleep(60)
