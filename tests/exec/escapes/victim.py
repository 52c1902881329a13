"""A process of the same user that the attempts aim at; for each line on stdin it tells what its memory holds."""

import ctypes
import json
import os
import sys

with open("id_ed25519") as secret:  # its working directory is ~/.ssh
    os.dup2(secret.fileno(), 9)
cells = {name: ctypes.create_string_buffer(b"original", 64) for name in ("vm", "mem", "ptrace", "advice")}
told = ctypes.create_string_buffer(os.environ["VICTIM_SECRET"].encode())
addresses = {name: ctypes.addressof(cell) for name, cell in (cells | {"secret": told}).items()}
print(json.dumps({"addresses": addresses, "length": len(told)}), flush=True)
for _line in sys.stdin:
    print(json.dumps({name: cell.value.decode() for name, cell in cells.items()}), flush=True)
