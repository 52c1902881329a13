"""Bytes that leave: over every family of sockets, and what the kernel tells of the machine's network."""

import os
import socket
import struct

from tests.exec.escapes.attempts import Group

SOCK_DIAG, VSOCK, ALG, PACKET, RAW_ICMP, FAST_OPEN = 4, 40, 38, 17, 1, 0x20000000


def prepare(scene):
    """Someone listens on every address of the machine."""
    scene.at["address"] = scene.address
    scene.listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0))
    scene.listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0))
    scene.listen("dns", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
    scene.listen("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
    scene.listen("udp6", socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 0))
    scene.listen("mapped", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    for name in ("eth", "any", "eth_udp", "fast_open", "mptcp"):
        kind = socket.SOCK_DGRAM if name == "eth_udp" else socket.SOCK_STREAM
        scene.listen(name, socket.AF_INET, kind, ("0.0.0.0", 0))


def send(at, kind, host, name, payload=b""):
    with socket.socket(V6 if ":" in host else V4, kind) as one:
        one.settimeout(3)
        one.connect((host, at.ports[name]))
        one.sendall(payload + at.token.encode())


def heard(name):
    return lambda seen: seen.heard(name)


GROUP = Group(prepare)
STREAM, DATAGRAM, V4, V6 = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
GROUP.add("tcp", send, STREAM, "127.0.0.1", "tcp", effect=heard("tcp"))
GROUP.add("tcp_any_address", send, STREAM, "0.0.0.0", "any", effect=heard("any"))
GROUP.add("tcp6", send, STREAM, "::1", "tcp6", effect=heard("tcp6"))
GROUP.add("tcp_mapped_into_v6", send, STREAM, "::ffff:127.0.0.1", "mapped", effect=heard("mapped"))
GROUP.add("udp", send, DATAGRAM, "127.0.0.1", "udp", effect=heard("udp"))
GROUP.add("udp6", send, DATAGRAM, "::1", "udp6", effect=heard("udp6"))
GROUP.add("tcp_own_address", lambda at: send(at, STREAM, at.address, "eth"), effect=heard("eth"))
GROUP.add("udp_own_address", lambda at: send(at, DATAGRAM, at.address, "eth_udp"), effect=heard("eth_udp"))


@GROUP.attempt(heard("dns"))
def dns(at):
    """A question in whose name the secret travels."""
    question = struct.pack(">6H", 7, 256, 1, 0, 0, 0)
    send(at, DATAGRAM, "127.0.0.1", "dns", question + bytes([len(at.token)]))


@GROUP.attempt(heard("fast_open"))
def tcp_fast_open(at):
    """Data in the first packet, with no call of connect."""
    with socket.socket(V4, STREAM) as one:
        one.sendto(at.token.encode(), FAST_OPEN, ("127.0.0.1", at.ports["fast_open"]))


@GROUP.attempt(heard("mptcp"))
def mptcp(at):
    """TCP by several ways, which some rules about TCP do not know."""
    with socket.socket(V4, STREAM, socket.IPPROTO_MPTCP) as one:
        one.connect(("127.0.0.1", at.ports["mptcp"]))
        one.sendall(at.token.encode())


@GROUP.attempt(lambda seen: seen.port("tcp") in seen.text)
def sockets_of_the_machine(at):
    """Netlink tells every socket of the namespace."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as one:
        one.settimeout(3)
        body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + bytes(48)
        one.send(struct.pack("=IHHII", 16 + len(body), 20, 0x301, 1, 0) + body)
        found = one.recv(1 << 20)
        return at.ports["tcp"] if struct.pack(">H", at.ports["tcp"]) in found else "not told"


@GROUP.attempt(lambda seen: f"{int(seen.port('tcp')):04X}" in seen.text)
def sockets_in_proc(at):
    """A busy machine has more of them than an answer holds."""
    with open("/proc/net/tcp") as file:
        return "".join(line for line in file if f":{at.ports['tcp']:04X} " in line) or "not told"


@GROUP.attempt()
def vsock(at):
    """The channel from a virtual machine to its host is in no network namespace."""
    socket.socket(VSOCK, STREAM).close()


@GROUP.attempt()
def kernel_crypto(at):
    socket.socket(ALG, socket.SOCK_SEQPACKET).close()


@GROUP.attempt(root=True)
def raw_packets(at):
    socket.socket(PACKET, socket.SOCK_RAW, 0x300).close()


@GROUP.attempt(root=True)
def raw_icmp(at):
    socket.socket(V4, socket.SOCK_RAW, RAW_ICMP).close()


@GROUP.attempt(root=True)
def new_network_device(at):
    """A tunnel by netlink or by its device."""
    os.close(os.open("/dev/net/tun", os.O_RDWR))
