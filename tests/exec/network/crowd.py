"""Run inside: so many clients at once, each with a page in the end, beside others that never say what they want."""

import socket
import sys

many, silent = map(int, sys.argv[1:])
silents = [socket.create_connection(("127.0.0.1", 3128), 60) for _ in range(silent)]
for number, one in enumerate(silents):
    if number % 2:
        one.sendall(b"GET http://exam")
crowd = [socket.create_connection(("127.0.0.1", 3128), 60) for _ in range(many)]
for one in crowd:
    one.sendall(b"GET http://example.com/bytes/100000 HTTP/1.1\r\nHost: example.com\r\n\r\n")
whole = 0
for one in crowd:
    answer = b""
    while more := one.recv(65536):
        answer += more
    whole += len(answer.partition(b"\r\n\r\n")[2]) == 100000
print(whole)
