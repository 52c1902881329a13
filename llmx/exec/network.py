"""What ``--net``, ``--connect`` and ``--publish`` mean together, as the arguments of ``make_plan``."""

from llmx.core.network import PROXY_PORT
from llmx.core.network.names import parse
from llmx.core.sandbox import Reach
from llmx.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Ports = Sequence[str]


def arguments(
    text: str, connect: "Ports", publish: "Ports", *, is_typed: bool, has_sandbox: bool = True
) -> dict[str, object]:
    """The network that ``text`` names, with those ports; raises ``UsageError``. ``is_typed``: not from the settings."""
    source = "--net" if is_typed else "exec.net"
    wanted = text.strip().lower() or "none"
    inward = list(dict.fromkeys(_port("--connect", each) for each in connect))
    outward = list(dict.fromkeys(_pair(each) for each in publish))
    if not has_sandbox and (wanted != "none" or inward or outward):
        raise UsageError(
            "--net NAME, --connect and --publish need the sandbox: without it the network is yours",
            hint="drop them, or what turns the sandbox off",
        )
    if wanted == "host" and (inward or outward):
        raise UsageError(
            f"--connect and --publish are for a network of the command's own, and {source} is host",
            hint="drop them: the command's ports are the machine's, and the other way round",
        )
    _check_apart([port for port, _ in outward], inward, has_proxy=wanted not in ("none", "host"))
    if wanted in ("none", "host"):
        return {"network": wanted, "reach": Reach([], inward, outward)}
    try:
        return {"network": "names", "reach": Reach(parse(wanted), inward, outward)}
    except ValueError as error:
        raise UsageError(
            f"{source} {text}: {error}", hint="for example --net example.com,*.example.org,@python"
        ) from None


def _check_apart(outward: list[int], inward: list[int], *, has_proxy: bool) -> None:
    """Raise where a port inside would be two things: what is published must not be what leads outside."""
    for option, ports in (("--publish", outward), ("--connect", inward)):
        if has_proxy and PROXY_PORT in ports:
            raise UsageError(
                f"{option} {PROXY_PORT}: with --net NAME that port of the command's is the proxy's",
                hint=f"another port, or --publish PORT:{PROXY_PORT}" if option == "--publish" else "another port",
            )
    if both := sorted({*outward} & {*inward}):
        raise UsageError(
            f"--connect {both[0]} and --publish {both[0]}: the port would lead from this machine to itself",
            hint="drop one of them; the command listens on the port that is published",
        )


def _port(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        example = "5432" if option == "--connect" else "3000 or 3000:8080"
        raise UsageError(f"{option} {text}: '{text}' is no port", hint=f"for example {option} {example}")
    return int(text)


def _pair(text: str) -> tuple[int, int]:
    """The port inside and the one outside, which is the same where none is given."""
    inside, colon, outside = text.partition(":")
    port = _port("--publish", inside)
    return port, _port("--publish", outside) if colon else port
