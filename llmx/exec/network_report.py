"""What a run's result and record tell of its network: hosts and ports with their bytes, and what was refused."""

from llmx.core.network.tally import OTHERS
from llmx.core.plugins import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmx.core.network.forwarder import Forwarder

MOST_IN_THE_LOG = 30
"""Hosts and refusals of one run in the execution log, where each run is one line; the result has all."""


def refusals(forwarder: "Forwarder") -> list[tuple[str, str]]:
    """(name, reason) of each; not of a port that was closed only until somebody listened."""
    opened = {(kind, name) for (kind, name), (connections, *_) in forwarder.moved.items() if connections}
    return [
        (name, reason) for name, reason in forwarder.refused if (reason.removesuffix("_closed"), name) not in opened
    ]


def report(forwarder: "Forwarder", options: list[str], command: list[str]) -> dict[str, object]:
    """The result's entry ``network``; ``options`` are llm-exec's own, ``command`` what stands behind them."""
    refused = []
    for name, reason in refusals(forwarder):
        entry = {"name": name, "reason": reason}
        if reason == "not_listed" and name != OTHERS:
            entry["allow"] = load("llmx.exec.network_hints:line")(forwarder, options, command, [name])
        refused.append(entry)
    return {**_moved(forwarder), "refused": refused, "problem": forwarder.problem or None}


def record(forwarder: "Forwarder") -> dict[str, object]:
    """What the execution log tells of it."""
    told = _moved(forwarder)
    hosts = told["hosts"]
    assert isinstance(hosts, list)
    hosts.sort(key=lambda entry: -entry["sent_bytes"] - entry["received_bytes"])
    if len(hosts) > MOST_IN_THE_LOG:
        rest = hosts[MOST_IN_THE_LOG:]
        sums = {name: sum(entry[name] for entry in rest) for name in ("connections", "sent_bytes", "received_bytes")}
        told["hosts"] = [*hosts[:MOST_IN_THE_LOG], {"name": OTHERS, **sums}]
    refused = [{"name": name, "reason": reason} for name, reason in refusals(forwarder)[:MOST_IN_THE_LOG]]
    return {**told, "refused": refused, "problem": forwarder.problem or None}


def _moved(forwarder: "Forwarder") -> dict[str, object]:
    hosts, ports = [], []
    for (kind, name), (connections, sent, received) in forwarder.moved.items():
        bytes_ = {"connections": connections, "sent_bytes": sent, "received_bytes": received}
        if kind == "host":
            hosts.append({"name": name, **bytes_})
        else:
            ports.append({"kind": kind, "port": name, **bytes_})
    return {"hosts": hosts, "ports": ports}
