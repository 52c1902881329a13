"""The network by name and by port: a proxy outside the sandbox, and sockets inside that lead to it and nowhere else."""

PROXY_PORT = 3128
"""Where the proxy is found inside a sandbox with a loopback of its own."""

LONGEST_MESSAGE, LONGEST_REASON = 4096, 1000
"""Bytes that the proxy tells at once, and characters of why something failed, which are to fit in."""

WEB_PORTS = (80, 443)
"""What a name opens that is written without a port."""
