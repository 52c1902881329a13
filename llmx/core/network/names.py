"""The names of ``--net``: what may be written, and whether a host and port are among them.

``example.com`` is that name on the ports of the web, ``example.com:8443`` on another one, ``*.example.com`` every name
below it, ``@python`` a group. On the way of every command that names hosts, so without ``re``.
"""

from llmx.core.network import WEB_PORTS
from llmx.core.network.groups import GROUPS
from llmx.errors import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST, LONGEST_LABEL = 253, 63
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_WHOLE = ("none", "host")


def parse(text: str) -> list[str]:
    """The names that ``text`` lists, as they are compared, each once; raises ``ValueError`` saying what is wrong."""
    found: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word[0] == "@":
            found |= dict.fromkeys(_group(word[1:].lower()))
        else:
            found[_entry(word)] = None
    if not found:
        raise ValueError("it names nothing")
    return list(found)


def combined(values: "Sequence[str]") -> str:
    """What several ``--net`` mean together: names add up, and ``none`` or ``host`` takes the place of what is before.

    So do names that come behind one of those.
    """
    text = ""
    for value in values:
        stands_alone = {text.strip().lower(), value.strip().lower()} & {"", *_WHOLE}
        text = value if stands_alone else f"{text},{value}"
    return text


def canonical(host: str) -> str:
    """``host`` as names are compared; "" for what is no name of a host, such as an address in whatever notation."""
    host = host.lower()
    host = host[:-1] if host.endswith(".") else host
    labels = host.split(".")
    if not host.isascii() or len(host) > LONGEST or len(labels) < 2 or not all(map(_is_label, labels)):
        return ""
    return "" if _reads_as_number(labels[-1]) else host


def split_port(text: str) -> tuple[str, int]:
    """Host and port of ``host:port``, 0 where there is none; raises ``ValueError``."""
    host, colon, digits = text.rpartition(":")
    if not colon:
        return text, 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 0 < int(digits) < 65536):
        raise ValueError(f"'{digits}' is no port")
    return host, int(digits)


class AllowList:
    """Hosts and ports that may be reached."""

    def __init__(self, names: "Iterable[str]") -> None:
        self._ports: dict[str, set[int]] = {}
        for name in names:
            host, port = split_port(name)
            self._ports.setdefault(host, set()).update((port,) if port else WEB_PORTS)

    def allows(self, host: str, port: int) -> bool:
        """Whether ``host``, in its canonical form, may be reached on ``port``."""
        return any(port in self._ports.get(name, ()) for name in _patterns(host))

    def knows(self, host: str) -> bool:
        """Whether ``host`` may be reached on some port."""
        return any(name in self._ports for name in _patterns(host))

    def covers(self, name: str) -> bool:
        """Whether an entry of another list allows nothing that this one does not."""
        host, port = split_port(name)
        return all(
            any(each in self._ports.get(pattern, ()) for pattern in (host, *_patterns(host)))
            for each in ((port,) if port else WEB_PORTS)
        )


def is_within(new: object, old: object) -> bool:
    """Whether the network ``new`` is no wider than ``old``; both are values of ``exec.net``."""
    wanted, known = str(new).strip().lower(), str(old).strip().lower()
    if wanted in (known, "none") or known == "host":
        return True
    if not known or {wanted, known} & set(_WHOLE) or not wanted:
        return False
    try:
        allowed = AllowList(parse(known))
        return all(map(allowed.covers, parse(wanted)))
    except ValueError:
        return False


def _patterns(host: str) -> "Iterable[str]":
    """The entries that would allow ``host``: itself, and a wildcard for each of its parents."""
    labels = host.split(".")
    return (host, *(f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels))))


def _group(name: str) -> tuple[str, ...]:
    if name not in GROUPS:
        near = nearest(name, tuple(GROUPS))
        known = ", ".join(f"@{each}" for each in GROUPS)
        raise ValueError(f"there is no group @{name}; {f'did you mean @{near}?' if near else f'there are {known}'}")
    return GROUPS[name]


def _entry(word: str) -> str:
    """One name with its wildcard and port."""
    if word.lower() in _WHOLE:
        raise ValueError(f"{word} stands alone, not in a list of names")
    if "/" in word:
        raise ValueError(f"{word} is an address of a page: the name alone, such as {_name_in(word)}")
    if word.count(":") > 1 or word.startswith("["):
        raise ValueError(f"{word} is an address, and only names are let through")
    host, port = split_port(word)
    wildcard = "*." if host.startswith("*.") else ""
    plain = _in_ascii(host.removeprefix("*."))
    name = canonical(plain)
    if not name:
        raise ValueError(_why_not(word, plain))
    return f"{wildcard}{name}{f':{port}' if port else ''}"


def _why_not(word: str, plain: str) -> str:
    labels = plain.removesuffix(".").split(".")
    if plain == "localhost":
        return "localhost is no name outside; --connect PORT reaches a port of this machine"
    if _reads_as_number(labels[-1]):
        return f"{word} is an address, and only names are let through"
    if word in ("*", "*."):
        return "* is everything; that is --net host"
    if len(labels) == 1 and _is_label(labels[0].lower()):
        whole = " whole" if word.startswith("*.") else ""
        return f"{word} is{whole} {'top level domain' if whole else 'no full name, such as example.com'}".replace(
            "is whole", "opens a whole"
        )
    return f"{word} is no name of a host"


def _name_in(page: str) -> str:
    return page.partition("://")[2].partition("/")[0] or page.partition("/")[0]


def _in_ascii(host: str) -> str:
    """An international name as it travels; raises ``ValueError`` where two standards take it for different names."""
    if host.isascii():
        return host
    try:
        encoded = host.lower().encode("idna")
        if encoded.decode("idna") == host.lower():
            return encoded.decode("ascii")
    except UnicodeError:
        pass
    raise ValueError(f"{host} is read in more than one way; write it as it travels (xn--…)")


def _is_label(label: str) -> bool:
    return 0 < len(label) <= LONGEST_LABEL and _LETTERS.issuperset(label) and label[0] != "-" != label[-1]


def _reads_as_number(label: str) -> bool:
    """Whether some program takes a name that ends in this label for an address: 127.1, 0x7f000001, 017700000001."""
    return label.isdigit() or label.startswith("0x")
