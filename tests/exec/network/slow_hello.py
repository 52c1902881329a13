"""Run inside: says hello to each server byte by byte, its first message spread over records of 50 bytes."""

import socket
import ssl
import sys

for name in sys.argv[1:]:
    one = socket.create_connection(("127.0.0.1", 3128), 20)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.sendall(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += one.recv(1)
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(coming, going, server_hostname=name)
    is_first = True
    text = "refused"
    try:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                said = going.read()
                if is_first:
                    body, is_first = said[5:], False
                    parts = [body[at : at + 50] for at in range(0, len(body), 50)]
                    said = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in parts)
                    for byte in said:
                        one.sendall(bytes((byte,)))
                else:
                    one.sendall(said)
                if not (more := one.recv(65536)):
                    raise ConnectionResetError from None
                coming.write(more)
        tls.write(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        one.sendall(going.read())
        while True:
            try:
                text = tls.read(1000).decode().splitlines()[0]
                break
            except ssl.SSLWantReadError:
                coming.write(one.recv(65536))
    except OSError:
        pass
    print(f"{name}: {text}", flush=True)
