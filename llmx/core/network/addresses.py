"""Which addresses the proxy connects to: those of the public internet, in whatever form they are written."""

import _socket
import errno
import ipaddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Where clouds tell a machine its credentials; Azure's looks like any other address."""

_NETWORKS = {
    "private": (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
        *("192.0.0.0/24", "198.18.0.0/15", "64:ff9b:1::/48"),
    ),
    "loopback": ("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "100::/64"),
}
_REFUSED = [(ipaddress.ip_network(net), reason) for reason, nets in _NETWORKS.items() for net in nets]

_EMBEDDED = tuple(
    (ipaddress.ip_network(net), shift)
    for net, shift in (("::/96", 0), ("::ffff:0:0:0/96", 0), ("64:ff9b::/96", 0), ("2002::/16", 80))
)
"""Networks of version 6 whose addresses hold one of version 4, and how many bits lie behind it."""
_TEREDO = ipaddress.ip_network("2001::/32")
_ISATAP = 0x5EFE


def why_refused(text: str) -> str:
    """Why the address is not connected to; "" for one that is."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # with a zone, which only addresses of one link have
        return "link-local"
    for each in (address, *_within(address)):
        if reason := _reason(each):
            return reason
    return "this machine" if is_own(text, address.version) else ""


def _reason(address: "Address") -> str:
    if address in METADATA:
        return "metadata"
    for network, reason in _REFUSED:
        if address.version == network.version and address in network:
            return reason
    if address.version == 6 and _holds_version_4(address):
        return ""  # what it holds is looked at by itself
    return "" if address.is_global else "reserved"


def _holds_version_4(address: "Address") -> bool:
    return address in _TEREDO or any(address in network for network, _ in _EMBEDDED) or _mapped(address) is not None


def _mapped(address: "Address") -> ipaddress.IPv4Address | None:
    return address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None


def _within(address: "Address") -> "list[Address]":
    """Addresses of version 4 to which some gateway or the kernel itself would carry it on."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    number = int(address)
    found: list[Address] = [mapped] if (mapped := address.ipv4_mapped) else []
    found += [ipaddress.IPv4Address(number >> shift & 0xFFFFFFFF) for network, shift in _EMBEDDED if address in network]
    if address.teredo:
        found += address.teredo
    if number >> 32 & 0xFFFF == _ISATAP and number >> 48 & 0xFDFF == 0:
        found += [ipaddress.IPv4Address(number & 0xFFFFFFFF)]
    return found


def is_own(text: str, version: int) -> bool:
    """Whether the address is one of this machine's: what listens on it counts on whoever is outside not reaching it.

    Raises ``OSError`` where that cannot be found out.
    """
    family = _socket.AF_INET if version == 4 else _socket.AF_INET6
    try:
        probe = _socket.socket(family, _socket.SOCK_DGRAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:  # a kernel without version 6 has no such address, and no way to one
            return False
        raise
    try:
        probe.connect((text, 9))  # sends nothing
        own: str = probe.getsockname()[0]
        return ipaddress.ip_address(own.partition("%")[0]) == ipaddress.ip_address(text)
    except OSError:  # there is no way to it
        return False
    finally:
        probe.close()
