"""What to type, or to know, when a command did not get what it wanted through the proxy."""

import shlex

from llmx.core.network.names import AllowList, combined
from llmx.core.network.tally import OTHERS
from llmx.exec.git_hints import by_https, missed_host
from llmx.exec.network_report import refusals
from llmx.exec.sandbox_hints import last_lines, misses_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.network.forwarder import Forwarder

MOST_NAMES = 20
"""In one line to run again."""

_REASONS = {
    "address": "only names are let through, not addresses",
    "other_name": "it was asked for in a tunnel to another name",
    "unreadable": "what was sent in the tunnel is not what it seemed",
}
_GONE = {
    "host_closed": "{} cannot be connected to, though --net names it: it is down, or nothing listens there",
    "unresolved": "{} has no address that your name servers know: is it written right?",
    "connect_closed": "nobody listens on port {} of this machine: start what should, or --connect another port",
    "publish_closed": "--publish {}: the command does not listen there; publish the port that it does listen on",
}
_UNASKED = (
    "with --net NAME there is only a proxy, and this program did not ask it (HTTPS_PROXY tells where it is):"
    " teach it to use one, or --net host gives it the whole network"
)


def hints(forwarder: "Forwarder", options: list[str], command: list[str], said: dict[str, bytes]) -> list[str]:
    """For a command that failed and has ``said`` this: the line that would let it through, or why it found nothing."""
    if forwarder.problem:
        return [f"{forwarder.problem}: from then on nothing was reached; run it again"]
    refused = refusals(forwarder)
    names = [name for name, reason in refused if reason == "not_listed" and name != OTHERS]
    if names:
        return [line(forwarder, options, command, names[:MOST_NAMES])]
    found = [_why(name, reason) for name, reason in refused]
    text = last_lines(*said.values())
    if forwarder.names and not found and any(map(misses_network, text)):
        found += [_for_git(forwarder, options, command, text) or _UNASKED]
    return found


def _for_git(forwarder: "Forwarder", options: list[str], command: list[str], text: list[str]) -> str:
    """For what git tried by a protocol of its own: the line that takes another way."""
    host = missed_host(text)
    if not host:
        return ""
    new = [] if AllowList(forwarder.names).allows(host, 443) else [host]
    words = by_https(command, host)
    if words:
        return line(forwarder, options, words, new)
    named = f" and --net {host}" if new else ""
    return f"ssh:// and git:// know no proxy: the address https://{host}/{named} let git through"


def _why(name: str, reason: str) -> str:
    if reason in _GONE:
        return _GONE[reason].format(name)
    why = _REASONS.get(reason, "its address is none of the public internet; only --net host reaches it")
    return f"{name} is refused whatever --net says: {why}"


def line(forwarder: "Forwarder", options: list[str], command: list[str], names: list[str]) -> str:
    """The line that was typed, with these names let through as well."""
    typed, others = _split(options)
    known = combined(typed) or ",".join(forwarder.names)
    return shlex.join(["llm-exec", *others, "--net", ",".join([known, *names]), *command])


def _split(options: list[str]) -> tuple[list[str], list[str]]:
    """The values of ``--net``, and all other words."""
    values, others = [], []
    words = iter(options)
    for word in words:
        if word == "--net":
            values.append(next(words, ""))
        elif word.startswith("--net="):
            values.append(word.removeprefix("--net="))
        else:
            others.append(word)
    return values, others
