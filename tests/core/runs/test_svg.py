"""The picture of a run's course."""

import xml.etree.ElementTree as ET

import pytest

from llmx.core.runs.series import Series, resample, series_of
from llmx.core.runs.svg import draw, ticks

SVG = "{http://www.w3.org/2000/svg}"


def result(times, cpu, rss):
    return {"monitor": {"series": {"t_s": times, "cpu_s": cpu, "rss_bytes": rss}}}


def test_cpu_is_the_rate_between_samples_and_memory_is_in_mb():
    cpu, memory = series_of(result([0, 1, 3], [0, 0.5, 4.5], [1e6, 2e6, 3e6]))
    assert (cpu.times, cpu.values) == ([1, 3], [50, 200])
    assert (memory.times, memory.values) == ([0, 1, 3], [1, 2, 3])


@pytest.mark.parametrize(
    "wrong",
    [None, {}, {"monitor": None}, {"monitor": {"series": 5}}, result([0], [0], [0]), result([0, 1], [0], [0, 1]),
     result("ab", [0, 1], [1, 2]), result([0, None], [0, 1], [1, 2])],
)  # fmt: skip
def test_without_two_whole_samples_there_is_no_course(wrong):
    assert series_of(wrong) == []


def test_resampling_keeps_the_peaks():
    series = Series("x", "u", [float(n) for n in range(1000)], [0.0] * 500 + [9.0] + [0.0] * 499)
    assert max(resample(series, 10)) == 9
    assert len(resample(series, 10)) == 10
    assert resample(Series("x", "u", [0.0, 100.0], [1.0, 2.0]), 4) == [1, 1, 1, 2]


def test_the_picture_is_xml_with_title_axes_and_units():
    title = 'a <b> & "c" \x1b[2J \ud800 \x00'
    text = draw(title, series_of(result([0, 1, 2], [0, 1, 1.5], [5e6, 9e6, 7e6])))
    root = ET.fromstring(text.encode())
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title", "").startswith('a <b> & "c" ')
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"CPU (%)", "Memory (MB)", "time (s)"} <= set(words)
    lines = [element.get("points", "").split() for element in root.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [2, 3]
    width, height = int(root.get("width", "")), int(root.get("height", ""))
    for line in lines:
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in (point.split(",") for point in line))


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12])
def test_any_size_of_value_can_be_drawn(value):
    ET.fromstring(draw("x", [Series("CPU", "%", [0.0, 1.0], [value, value])]))


def test_without_a_series_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing"):
        draw("x", [])


@pytest.mark.parametrize("highest", [0.003, 1, 7, 99, 100, 12345.6])
def test_ticks_are_few_rising_and_within(highest):
    marks = ticks(highest)
    assert marks[0] == 0
    assert 2 <= len(marks) <= 7
    assert marks == sorted(set(marks))
    assert marks[-1] <= highest
