"""The report: the numbers as tables, the chart, and what the model says of them."""

from collections.abc import Mapping
from typing import Any

from llmx.templates.builtin.data_analysis.facts import shown
from llmx.templates.reports.inert import inert

Table = list[list[Any]]


def report(told: Mapping[str, Any]) -> str:
    """``analysis_report.md``; whatever the table or the model brought is text without markup."""
    profile, kind = told["profile"], told["analysis_type"]
    lines = [f"# {kind.capitalize()} analysis of {inert(told['file'])}", ""]
    lines += [f"{inert(each)}\n" for each in told["narrative"]]
    lines += [f"![{inert(told['chart']['title'])}](chart.svg)", "", "## The numbers", ""]
    for heading, rows in TABLES[kind](told["analysis"]):
        lines += [*([f"### {heading}", ""] if heading else []), *_table(rows), ""]
    lines += ["## The table", ""]
    used = f"{profile['rows']} of {profile['rows_in_file']} rows are used, {profile['duplicate_rows']} are duplicates."
    names = [["column", "kind", "missing", "distinct"]]
    names += [[each["name"], each["kind"], each["missing"], each["distinct"]] for each in profile["columns"]]
    lines += [used, "", *_table(names), ""]
    lines += [*(f"- {inert(note)}" for note in told["notes"]), *([""] if told["notes"] else [])]
    return "\n".join(lines)


def _table(rows: Table) -> list[str]:
    head, *body = [[inert(shown(cell)) if isinstance(cell, str) else shown(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


def _descriptive(analysis: Mapping[str, Any]) -> list[tuple[str, Table]]:
    wanted = ["count", "missing", "mean", "std", "min", "q1", "median", "q3", "max"]
    numeric = {name: facts for name, facts in analysis["columns"].items() if facts["kind"] == "number"}
    found: list[tuple[str, Table]] = []
    if numeric:
        rows = [[name, *(facts.get(key) for key in wanted)] for name, facts in numeric.items()]
        found.append(("", [["column", *wanted], *rows]))
    for name, facts in analysis["columns"].items():
        if facts.get("top"):
            top = [[each["value"], each["count"], each["share"]] for each in facts["top"]]
            found.append((inert(name), [["value", "count", "share"], *top]))
    return found


def _correlation(analysis: Mapping[str, Any]) -> list[tuple[str, Table]]:
    wanted = ["n", "pearson", "p_value", "spearman", "spearman_p_value"]
    rows = [[" and ".join(pair["columns"]), *(pair[key] for key in wanted)] for pair in analysis["pairs"]]
    return [("", [["columns", *wanted], *rows])]


def _regression(analysis: Mapping[str, Any]) -> list[tuple[str, Table]]:
    wanted = ["value", "std_error", "t", "p_value", "low", "high"]
    rows = [[name, *(facts[key] for key in wanted)] for name, facts in analysis["coefficients"].items()]
    whole = ["n", "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value", "residual_std"]
    fit = [["what is explained", *whole], [analysis["target"], *(analysis[key] for key in whole)]]
    return [("", fit), ("Coefficients", [["column", *wanted], *rows])]


def _timeseries(analysis: Mapping[str, Any]) -> list[tuple[str, Table]]:
    wanted = ["n", "start", "end", "mean", "first", "last", "change", "change_percent", "highest_at", "lowest_at"]
    rows = [[name, *(facts[key] for key in wanted)] for name, facts in analysis["series"].items()]
    trends = [
        [name, *((facts["trend"] or {}).get(key) for key in ("per_day", "r_squared", "p_value"))]
        for name, facts in analysis["series"].items()
    ]
    return [("", [["column", *wanted], *rows]), ("Trend", [["column", "per day", "r_squared", "p_value"], *trends])]


def _clustering(analysis: Mapping[str, Any]) -> list[tuple[str, Table]]:
    rows = [[each["cluster"], each["size"], each["share"], *each["center"].values()] for each in analysis["clusters"]]
    fit = [["k", "rows", "inertia", "silhouette"], [analysis[key] for key in ("k", "rows", "inertia", "silhouette")]]
    return [("", fit), ("Clusters", [["cluster", "rows", "share", *analysis["columns"]], *rows])]


TABLES = {
    "descriptive": _descriptive,
    "correlation": _correlation,
    "regression": _regression,
    "timeseries": _timeseries,
    "clustering": _clustering,
}
