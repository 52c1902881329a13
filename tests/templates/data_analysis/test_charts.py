"""Charts: their numbers are those of the table, and the pictures are the same each time."""

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from llmx.templates.builtin.data_analysis.compute.charts import chart
from llmx.templates.builtin.data_analysis.drawing import drawn
from tests.templates.data_analysis.tables import PARAMETERS, SALES, numbers, read

SVG = "{http://www.w3.org/2000/svg}"


def made(text=SALES, **parameters):
    given = {**PARAMETERS, **parameters}
    return chart(read(text), given)


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize("kind", ["bar", "line", "scatter", "histogram", "heatmap", "box"])
def test_each_chart_is_drawn_as_png_and_svg_the_same_each_time(kind):
    told = made(chart_type=kind)
    one, other = drawn(told), drawn(told)
    assert one == other
    picture = Image.open(io.BytesIO(one["png"]))
    assert (picture.format, picture.size) == ("PNG", (960, 600))
    colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 10, "it is not blank"
    drawing = ET.fromstring(one["svg"])
    assert drawing.tag == f"{SVG}svg"
    assert told["title"] in {"".join(each.itertext()).strip() for each in drawing.iter(f"{SVG}text")}


def test_the_numbers_of_charts_are_those_of_the_table():
    bars = made(chart_type="bar")
    assert (bars["labels"], bars["values"]) == (["north", "south"], [3.0, 2.0])
    means = made(chart_type="bar", target="sales")
    assert (means["labels"], means["values"]) == (["north", "south"], [150.0, 150.0])
    assert made(chart_type="line", target="sales")["y"] == [120, 135, 150, 165, 180]
    box = made(chart_type="box", target="sales")["boxes"][0]
    assert (box["q1"], box["med"], box["q3"], box["whislo"], box["whishi"]) == (135, 150, 165, 120, 180)
    histogram = made(chart_type="histogram", target="sales")
    assert (sum(histogram["counts"]), histogram["edges"][0], histogram["edges"][-1]) == (5, 120, 180)
    points = made(chart_type="scatter", target="sales", analysis_type="clustering", clusters=2)
    assert sorted(points["y"]) == [120, 135, 150, 165, 180]
    assert set(points["group"]) == {0, 1}
    assert made("a,b\n1,2\n3,4\n", chart_type="bar")["values"] == [2.0, 3.0]
    assert made("a,b\n1,2\n3,4\n5,\n", chart_type="line")["x"] == [1, 2]


def test_what_lies_far_beyond_is_shown_apart():
    told = made("a\n1\n2\n3\n4\n100\n", chart_type="box")["boxes"][0]
    assert (told["whishi"], told["fliers"]) == (4.0, [100.0])


def test_a_chart_of_a_long_table_says_what_it_leaves_out():
    table = read(numbers(1, rows=3000)[0])
    for kind in ("line", "scatter"):
        told = chart(table, {**PARAMETERS, "chart_type": kind})
        assert len(told["x"]) == len(told["y"]) == 2000
    assert table.notes == ["the chart shows 2000 of 3000 points"] * 2
    many = "t\n" + "".join(f"value {number}\n" for number in range(30))
    table = read(many)
    assert len(chart(table, PARAMETERS)["labels"]) == 20
    assert table.notes == ["the chart shows the 20 most frequent of 30 values of t"]
    assert len(made("a\n" + "1\n2\n3\n1000000\n" * 200, chart_type="histogram")["counts"]) <= 50


def test_labels_of_strangers_are_only_text():
    odd = "$\\frac{$ <script>alert(1)</script> & " + "x" * 100
    told = made(f'"{odd}",n\na,1\nb,2\n', chart_type="bar")
    drawing = drawn(told)["svg"].decode()
    assert "<script" not in drawing
    assert "frac{$" in drawing
    assert "x" * 50 not in drawing
