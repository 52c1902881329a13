"""Read times and sizes as people write them, for settings files, variables and options alike."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMES = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}  # in milliseconds, largest first
_LONGEST = 100 * 365 * 86_400_000
_BINARY = {"": 1, "b": 1} | {prefix + end: 1024**power for power, prefix in enumerate("kmgt", 1) for end in ("", "ib")}
_SIZES = _BINARY | {f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)}
_LARGEST = 2**63 - 1  # what the kernel's limits hold
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def parse_duration(text: str) -> float:
    """Seconds meant by ``90``, ``1.5``, ``500ms``, ``10m``, ``1h30m`` or ``2d``; 0 stands for none where that is said.

    Units are d, h, m, s and ms, largest first. Raises ``ValueError`` for anything else, negative, nan and inf included.
    """
    total, before = 0, _LONGEST
    for number, unit in _parts(text, "time"):
        factor = _TIMES["s"] if unit == "" and number == text.strip() else _TIMES.get(unit)
        if factor is None:
            raise ValueError(f"{text!r} is not a time: its units are d, h, m, s and ms, as in 1h30m")
        if factor >= before:
            raise ValueError(f"{text!r} is not a time: write the larger unit first, each once, as in 1h30m")
        before = factor
        total += _scaled(number, factor * 1000)  # microseconds: whole numbers, so that 0.1s is what it says
    if total == 0 and text.strip("0. dhms"):
        raise ValueError(f"{text!r} is not a time that can be kept: the shortest is 0.000001s")
    if total > _LONGEST * 1000:
        raise ValueError(f"{text!r} is not a time that can be waited for: the longest is 36500d")
    return total / 1_000_000


def parse_size(text: str) -> int:
    """Bytes meant by ``4096``, ``512M``, ``1.5G``, ``2GiB`` or ``500MB``, in upper or lower case.

    K, M, G, T and KiB, MiB, GiB, TiB are powers of 1024, as ulimit and systemd read them; KB, MB, GB, TB are powers
    of 1000; a bare number is bytes. Raises ``ValueError`` for anything else, negative, nan and inf included.
    """
    parts = list(_parts(text, "size"))
    factor = _SIZES.get(parts[0][1].lower())
    if factor is None or len(parts) > 1:
        raise ValueError(f"{text!r} is not a size: write bytes, or a number with K, M, G or T, as in 512M")
    size = _scaled(parts[0][0], factor)
    if size == 0 and parts[0][0].strip("0."):
        raise ValueError(f"{text!r} is less than one byte")
    if size > _LARGEST:
        raise ValueError(f"{text!r} is not a size that fits: the largest is {_LARGEST} bytes")
    return size


def _parts(text: str, noun: str) -> "Iterator[tuple[str, str]]":
    """The numbers of ``text``, each with the letters behind it."""
    rest = text.strip()
    while True:
        after = rest.lstrip("0123456789.")
        number = rest[: len(rest) - len(after)]
        unit = after[: len(after) - len(after.lstrip(_LETTERS))]
        rest = after[len(unit) :]
        whole, dot, fraction = number.partition(".")
        if not whole or bool(dot) != bool(fraction) or "." in fraction or len(number) > 40:
            raise ValueError(f"{text!r} is not a {noun}")
        yield number, unit
        if not rest:
            return


def _scaled(number: str, factor: int) -> int:
    """``number`` times ``factor``, exactly, without what is left below one."""
    whole, _, fraction = number.partition(".")
    return int(whole + fraction) * factor // int("1" + "0" * len(fraction))
