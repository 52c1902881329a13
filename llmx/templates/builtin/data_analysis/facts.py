"""What was computed, as lines that a model and a reader understand; the lines together say all of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmx.templates.builtin.data_analysis.compute import JSON
from llmx.templates.builtin.data_analysis.numbers import Known, p_values_of


def shown(value: Any) -> str:  # noqa: ANN401  # JSON
    """A value in a line: six digits of a number, the rest as it is."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)
    return " ".join(str(value).split())


def lines(profile: Mapping[str, Any], kind: str, analysis: Mapping[str, Any]) -> list[str]:
    """The table's facts first, then those of the analysis."""
    return [*_of_profile(profile), *OF_ANALYSIS[kind](analysis)]


def grouped(told: list[str], size: int) -> list[str]:
    """The lines in texts of about ``size`` characters; none is left out."""
    groups: list[list[str]] = []
    used = size
    for line in told:
        if used + len(line) > size:
            groups.append([])
            used = 0
        groups[-1].append(line)
        used += len(line) + 1
    return ["\n".join(group) for group in groups]


def _of_profile(profile: Mapping[str, Any]) -> Iterator[str]:
    yield f"rows: {profile['rows']} used of {profile['rows_in_file']}; duplicate rows: {profile['duplicate_rows']}"
    for each in profile["columns"]:
        missing = f", {each['missing']} missing ({shown(each['missing_share'] * 100)} %)" if each["missing"] else ""
        yield f"column {shown(each['name'])}: {each['kind']}, {each['distinct']} distinct values{missing}"


def _pairs(facts: Mapping[str, Any], *left_out: str) -> str:
    there = {key: value for key, value in facts.items() if key not in left_out and not isinstance(value, dict)}
    return ", ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in there.items())


def _descriptive(analysis: Mapping[str, Any]) -> Iterator[str]:
    for name, facts in analysis["columns"].items():
        top = "; ".join(f"{shown(each['value'])}: {each['count']} times ({shown(each['share'] * 100)} %)"
                        for each in facts.get("top", ()))  # fmt: skip
        yield f"{shown(name)}: {_pairs(facts, 'top', 'kind')}" + (f"; most frequent: {top}" if top else "")


def _correlation(analysis: Mapping[str, Any]) -> Iterator[str]:
    for pair in analysis["pairs"]:
        yield f"{' and '.join(map(shown, pair['columns']))}: {_pairs(pair, 'columns')}"


def _regression(analysis: Mapping[str, Any]) -> Iterator[str]:
    yield f"{shown(analysis['target'])} explained by the others: {_pairs(analysis, 'target')}"
    for name, facts in analysis["coefficients"].items():
        yield f"coefficient of {shown(name)}: {_pairs(facts)}"


def _timeseries(analysis: Mapping[str, Any]) -> Iterator[str]:
    for name, facts in analysis["series"].items():
        trend = f"; trend: {_pairs(facts['trend'])}" if facts["trend"] else ""
        average = facts["moving_average"]
        recent = f"; mean of the last {average['window']}: {shown(average['last'])}"
        repeated = f"; autocorrelation by steps: {shown(facts['autocorrelation'])}"
        whole = f"{shown(name)} over {shown(analysis['time_column'])}: {_pairs(facts, 'autocorrelation')}"
        yield whole + trend + recent + repeated


def _clustering(analysis: Mapping[str, Any]) -> Iterator[str]:
    yield f"clusters: {_pairs(analysis, 'columns', 'clusters')}"
    for each in analysis["clusters"]:
        center = ", ".join(f"{shown(name)} {shown(value)}" for name, value in each["center"].items())
        share = shown(each["share"] * 100)
        yield f"cluster {each['cluster']}: {each['size']} rows ({share} %), center: {center}"


OF_ANALYSIS = {
    "descriptive": _descriptive,
    "correlation": _correlation,
    "regression": _regression,
    "timeseries": _timeseries,
    "clustering": _clustering,
}


def numbers_of(value: JSON | list[Any] | Any) -> Iterator[float]:  # noqa: ANN401  # JSON
    """Every number in it, at any depth, with those that shares are in percent."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from numbers_of(each)
            if isinstance(each, float) and key.endswith(("share", "r_squared", "confidence")):
                yield each * 100
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers_of(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


DATES = ("first", "last", "start", "end", "highest_at", "lowest_at")


def known_of(profile: JSON, analysis: JSON) -> Known:
    """What a text about the analysis may say: computed numbers, also as the lines show them, names and dates."""
    computed = list(numbers_of([profile, analysis]))
    return Known(
        [*computed, *(float(f"{value:.6g}") for value in computed)],
        list(p_values_of(analysis)),
        [*(each["name"] for each in profile["columns"]), *_texts(analysis, "value")],
        [text for key in DATES for text in _texts(analysis, key)],
    )


def _texts(value: Any, key: str) -> list[str]:  # noqa: ANN401  # JSON
    """Every text under that key, at any depth."""
    if isinstance(value, Mapping):
        own = [value[key]] if isinstance(value.get(key), str) else []
        return own + [text for each in value.values() for text in _texts(each, key)]
    return [text for each in value for text in _texts(each, key)] if isinstance(value, list) else []
