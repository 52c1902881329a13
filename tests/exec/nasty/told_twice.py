"""Say when SIGTERM comes, and stay."""

import os
import signal
import time

signal.signal(signal.SIGTERM, lambda number, frame: os.write(1, b"told\n"))
print("ready", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    time.sleep(60)
