"""Tables of every format, encoding and oddity; what is no table is refused with the reason."""

import io
import json
from datetime import date, datetime

import polars
import pytest
import xlsxwriter

from llmx.templates.builtin.data_analysis.compute import DataError
from llmx.templates.builtin.data_analysis.compute.charts import chart
from llmx.templates.builtin.data_analysis.compute.clustering import clusters
from llmx.templates.builtin.data_analysis.compute.correlation import correlation
from llmx.templates.builtin.data_analysis.compute.descriptive import descriptive
from llmx.templates.builtin.data_analysis.compute.regression import regression
from llmx.templates.builtin.data_analysis.compute.timeseries import timeseries
from tests.templates.data_analysis.tables import PARAMETERS, numbers, read

ROWS = [
    {"city": "Größe, Köln", "n": 1, "x": 0.5, "when": "2026-01-01"},
    {"city": 'say "hi"', "n": -2, "x": None, "when": "2026-01-02"},
    {"city": "c\nd", "n": 3, "x": 1e-7, "when": "2026-01-03"},
]


def as_csv(separator=","):
    def cell(value):
        return "" if value is None else '"' + value.replace('"', '""') + '"' if isinstance(value, str) else repr(value)

    lines = [separator.join(cell(value) for value in row.values()) for row in ROWS]
    return "\n".join([separator.join(ROWS[0]), *lines, ""])


def as_parquet():
    out = io.BytesIO()
    polars.DataFrame(ROWS).write_parquet(out)
    return out.getvalue()


def as_excel():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name in ("First", "Second"):
            sheet = book.add_worksheet(name)
            for at, row in enumerate([list(ROWS[0]), *(list(each.values()) for each in ROWS)]):
                sheet.write_row(at, 0, row)
    return out.getvalue()


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (as_csv(), "t.csv"),
        (as_csv().encode("utf-8-sig"), "t.csv"),
        (as_csv().encode("utf-16"), "t.csv"),
        (as_csv().encode("cp1252"), "t.csv"),
        (as_csv().replace("\n", "\r\n").replace("c\r\nd", "c\nd"), "t.csv"),
        (as_csv("\t"), "t.tsv"),
        (as_csv(";"), "t.csv"),
        (as_csv("|"), "t.txt"),
        (json.dumps(ROWS), "t.json"),
        (json.dumps({"data": ROWS}), "t.json"),
        (json.dumps({key: [row[key] for row in ROWS] for key in ROWS[0]}), "t.json"),
        ("".join(json.dumps(row) + "\n" for row in ROWS), "t.jsonl"),
        ("".join(json.dumps(row) + "\n" for row in ROWS), "t"),
        (as_parquet(), "t.parquet"),
        (as_excel(), "t.xlsx"),
    ],
)
def test_every_format_gives_the_same_table(data, name):
    table = read(data, name)
    assert {each: table.kind(each) for each in table.frame.columns} == {
        "city": "text",
        "n": "number",
        "x": "number",
        "when": "date",
    }
    assert table.frame["city"].to_list() == [row["city"] for row in ROWS]
    assert table.frame["n"].to_list() == [1, -2, 3]
    assert table.frame["x"].to_list() == [0.5, None, 1e-7]
    assert [str(each)[:10] for each in table.frame["when"]] == [row["when"] for row in ROWS]


@pytest.mark.parametrize(
    ("text", "name", "column", "values"),
    [
        ("a;b\n1,5;2\n2,25;3\n", "t.csv", "a", [1.5, 2.25]),
        ("1,2\n3,4\n", "t.csv", "column_1", [1, 3]),
        ("a\n1\n2\n", "t.csv", "a", [1, 2]),
        ("a,b\nNA,1\nNaN,2\n-,3\n7,4\n", "t.csv", "a", [None, None, None, 7]),
        ("a,b\ninf,1\n1.5,2\n", "t.csv", "a", [None, 1.5]),
        ("a,b\n12345678901234567890123,1\n1,2\n", "t.csv", "a", None),
        ('[{"a": {"b": 1}}, {"a": {"b": 2.5}}, {}]', "t.json", "a.b", [1.0, 2.5, None]),
        ('[{"a": 1}, {"a": "x"}]', "t.json", "a", ["1", "x"]),
        ('[{"a": [1]}, {"a": null}]', "t.json", "a", ["[1]", None]),
        ("a,b\n2026-01,1\n2026-02,2\n", "t.csv", "a", [date(2026, 1, 1), date(2026, 2, 1)]),
        ("a,b\n31/01/2026,1\n01/02/2026,2\n", "t.csv", "a", [date(2026, 1, 31), date(2026, 2, 1)]),
        ("a,b\n01/02/2026,1\n03/04/2026,2\n", "t.csv", "a", ["01/02/2026", "03/04/2026"]),
        ("a,b\n31.01.2026,1\n,2\n", "t.csv", "a", [date(2026, 1, 31), None]),
        (
            "a,b\n2026-01-02 03:04,1\n2026-01-02 05:00,2\n",
            "t.csv",
            "a",
            [datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 5)],
        ),
        ("a,b\n True,1\nfalse ,2\n,3\n", "t.csv", "a", [True, False, None]),
        ("a,b\n" + "1,1\n" * 2000 + "x,2\n", "t.csv", "a", ["1"] * 2000 + ["x"]),
        ("a,b\n" + "1,1\n" * 2000 + "0.5,2\n", "t.csv", "a", [1.0] * 2000 + [0.5]),
        ("a,b\n" + "2026-01-01,1\n" * 2000 + "later,2\n", "t.csv", "a", ["2026-01-01"] * 2000 + ["later"]),
        ("a;b\n1.234,5;x\n2;y\n", "t.csv", "a", ["1.234,5", "2"]),
    ],
)
def test_oddities_are_read_as_they_mean(text, name, column, values):
    table = read(text, name)
    assert column in table.frame.columns
    assert values is None or table.frame[column].to_list() == values


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        ("", "t.csv", "is empty"),
        ("a,b\n", "t.csv", "no rows"),
        ("[]", "t.json", "no rows"),
        ("[1, 2]", "t.json", "no list of objects"),
        ("{", "t.json", "no JSON"),
        ('{"a": 1}\nx\n', "t.jsonl", "line 2 is no JSON"),
        ('{"a": [1, 2], "b": [1]}', "t.json", "not of one length"),
        (bytes(range(256)) * 10, "t.csv", "is no text"),
    ],
)
def test_what_is_no_table_is_refused(data, name, said):
    with pytest.raises(DataError) as refused:
        read(data, name)
    assert said in refused.value.message


def test_a_sheet_is_chosen_by_its_name():
    assert read(as_excel(), "t.xlsx", sheet="Second").rows == 3
    with pytest.raises(DataError) as refused:
        read(as_excel(), "t.xlsx", sheet="Third")
    assert refused.value.is_usage


def test_a_long_table_is_sampled_evenly_the_same_each_time_and_says_so():
    text = "n\n" + "\n".join(str(number) for number in range(1000)) + "\n"
    one, other = read(text, max_rows=100), read(text, max_rows=100)
    assert (one.rows, one.rows_in_file) == (100, 1000)
    assert one.notes == ["a sample of 100 of 1000 rows is used (max_rows)"]
    chosen = one.frame["n"].to_list()
    assert chosen == other.frame["n"].to_list() == sorted(set(chosen))
    assert 350 < sum(chosen) / 100 < 650


@pytest.mark.parametrize(
    ("work", "text", "more", "said"),
    [
        (regression, "a,b\n1,2\n", {}, "at least 3 complete rows"),
        (regression, "a\n1\n2\n", {}, "another column"),
        (regression, "t\nx\ny\n", {}, "there are none"),
        (regression, "a,b\n1,5\n2,5\n3,5\n4,5\n", {}, "b is constant"),
        (regression, "a,b\n1,5\n1,6\n1,7\n1,8\n", {}, "every column is constant"),
        (regression, "a,b\n1,5\n", {"target": "c"}, "no column 'c'"),
        (regression, "a,b,t\n1,5,x\n", {"target": "t"}, "holds no numbers"),
        (correlation, "a,t\n1,x\n", {}, "needs two columns"),
        (timeseries, "a,b\n1,2\n", {}, "needs a column of dates"),
        (timeseries, "d,b\n2026-01-01,2\n2026-01-02,3\n", {}, "needs 3 moments"),
        (timeseries, "d,t\n2026-01-01,x\n", {}, "needs a column of numbers"),
        (timeseries, "d,b\n2026-01-01,2\n", {"time_column": "b"}, "holds no dates"),
        (clusters, "a\n1\n1\n2\n", {}, "3 clusters need as many different"),
        (clusters, "a\n1\n1\n1\n", {}, "a column of numbers that differ"),
        (chart, "t\nx\ny\n", {"chart_type": "histogram"}, "needs 1 columns of numbers"),
        (chart, "a,t\n1,x\n", {"chart_type": "scatter"}, "needs 2 columns of numbers"),
        (chart, "a,t\n1,x\n", {"chart_type": "box", "target": "t"}, "holds no numbers"),
    ],
)
def test_what_cannot_be_computed_says_what_it_takes(work, text, more, said):
    parameters = {**PARAMETERS, **more}
    with pytest.raises(DataError) as refused:
        work(read(text), parameters)
    assert said in refused.value.message


def test_one_row_and_constant_columns_are_described_without_made_up_numbers():
    facts = descriptive(read("a,t\n5,x\n"), PARAMETERS)["columns"]["a"]
    assert (facts["mean"], facts["std"], facts["skewness"]) == (5.0, None, None)
    facts = descriptive(read("a\n5\n5\n5\n5\n5\n"), PARAMETERS)["columns"]["a"]
    assert (facts["std"], facts["skewness"], facts["kurtosis"], facts["distinct"]) == (0.0, None, None, 1)
    table = read("a,b,c\n1,5,1\n2,5,3\n3,5,2\n")
    told = correlation(table, PARAMETERS)
    assert [pair["pearson"] for pair in told["pairs"] if "b" in pair["columns"]] == [None, None]
    assert any("constant" in note for note in table.notes)


def test_columns_that_say_the_same_are_left_out_of_a_regression():
    text, columns = numbers(7)
    lines = text.strip().split("\n")
    doubled = [f"{line},{'twice' if at == 0 else repr(2 * columns['a'][at - 1])}" for at, line in enumerate(lines)]
    table = read("\n".join(doubled) + "\n")
    told = regression(table, {**PARAMETERS, "target": "y"})
    assert list(told["coefficients"]) == ["intercept", "a", "b", "c"]
    assert "column twice follows from those before it and is left out" in table.notes
