"""Whether the numbers of a text were computed: each must be one of them, as it is or rounded where it ends."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_DATE = re.compile(r"\b\d{4}-\d{2}(?:-\d{2})?(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\b")
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<less><\s*)?[-+\u2212]?(?P<digits>\d+(?:[.,\u2019'\u202f\u00a0]\d+)*)(?P<power>[eE][-+]?\d+)?"
    r"(?P<scale>\s*(?:thousand|million|billion|[kKmM](?![\w])))?(?![\w])"
)
_ENUMERATED = re.compile(r"^\s*(?:\d+[.)]\s)", re.MULTILINE)
_SCALES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9}
_SLACK = 1e-9
THRESHOLDS = (0.001, 0.005, 0.01, 0.05, 0.1)
"""What a p-value may be said to be less than, if one is."""


@dataclass
class Known:
    """What may be said: computed numbers, p-values (of which one may say what they are less than), names, dates."""

    values: list[float]
    p_values: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)


def unknown(text: str, known: Known) -> list[str]:
    """The numbers of ``text`` that were not computed, as they stand there. Numbers in words are not looked at."""
    parts = {int(part) for date in known.dates for part in re.findall(r"\d+", date[:10])}
    wrong = [each for each in _DATE.findall(text) if not any(date.startswith(each) for date in known.dates)]
    rest = _DATE.sub(" ", _ENUMERATED.sub(" ", _without(text, known.names)))
    for match in _NUMBER.finditer(rest):
        if match["less"]:
            limit = _readings(match["digits"])[0][0]
            holds = limit in THRESHOLDS and any(p < limit for p in known.p_values)
        else:
            holds = _is_known(match, known.values) or _is_part_of_a_date(match, parts)
        if not holds:
            wrong.append(match.group().strip())
    return wrong


def mentions(text: str, known: Known) -> bool:
    """Whether it says anything about the table: a name of a column and a number that was computed."""
    lowered = text.casefold()
    has_name = any(name.casefold() in lowered for name in known.names if name.strip())
    rest = _without(text, known.names)
    return has_name and any(_is_known(match, known.values) for match in _NUMBER.finditer(rest))


def _without(text: str, names: Iterable[str]) -> str:
    """The text less the names that have digits in them: these are no numbers."""
    for name in sorted((name for name in names if re.search(r"\d", name)), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    return text


def _is_known(match: "re.Match[str]", values: Iterable[float]) -> bool:
    power = float(f"1{match['power']}") if match["power"] else 1.0
    scale = _SCALES[match["scale"].strip().casefold()] if match["scale"] else 1.0
    for value, unit in _readings(match["digits"]):
        said, reach = value * power * scale, unit * power * scale / 2
        if any(abs(abs(known) - said) <= reach * (1 + _SLACK) + abs(said) * 1e-12 for known in values):
            return True
    return False


def _is_part_of_a_date(match: "re.Match[str]", parts: set[int]) -> bool:
    return match["digits"].isdigit() and not match["scale"] and not match["power"] and int(match["digits"]) in parts


def _readings(digits: str) -> list[tuple[float, float]]:
    """What the digits may mean, and the unit of the last of them: ``1,234`` is a thousand or a little more than one.

    Zeros at the end of a whole number count as rounded where two digits stand before them: 1200 may be 1234.
    """
    found = []
    for point in (".", ","):
        grouping = re.sub(rf"[.,\u2019'\u202f\u00a0](?<!{re.escape(point)})", "", digits)
        whole, _, fraction = grouping.partition(point)
        if fraction.isdigit() or not fraction:
            text = f"{whole}.{fraction}" if fraction else whole
            found.append((float(text), _unit(whole, fraction)))
    together = re.sub(r"\D", "", digits)
    if re.fullmatch(r"\d{1,3}(?:[.,\u2019'\u202f\u00a0]\d{3})+", digits):
        found.append((float(together), _unit(together, "")))
    return found or [(float(together), 1.0)]


def _unit(whole: str, fraction: str) -> float:
    if fraction:
        return 10.0 ** -len(fraction)
    significant = whole.rstrip("0")
    return 10.0 ** (len(whole) - len(significant)) if len(significant) >= 2 else 1.0


def p_values_of(value: object) -> Iterator[float]:
    """Every p-value in a result."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key.endswith("p_value") and isinstance(each, float):
                yield each
            else:
                yield from p_values_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from p_values_of(each)
