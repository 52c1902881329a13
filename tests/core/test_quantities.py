"""Times and sizes are read as people write them, and nothing else is taken for one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmx.core.quantities import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("300", 300.0),
        ("1.5", 1.5),
        ("0.1", 0.1),
        ("250ms", 0.25),
        ("10s", 10.0),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1d2h3m4s5ms", 93784.005),
        ("1.5h", 5400.0),
        (" 10m ", 600.0),
        ("0s", 0.0),
        ("0h0m", 0.0),
        ("36500d", 36500 * 86400.0),
        ("0.000001", 0.000001),
    ],
)
def test_a_time_is_read_as_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1e3",
        "inf",
        "nan",
        "ten",
        "10 m",
        "m",
        "10x",
        "10M",
        "1m1h",
        "1m1m",
        "1h30",
        "30 1h",
        ".5",
        "5.",
        "1..5",
        "1_000",
        "+5",
        "0x10",
        "１０",
        "10m;",
        "36501d",
        "0.0000001",
        "1,5",
        "--1",
    ],
)
def test_what_is_no_time_is_refused_by_its_own_text(text):
    with pytest.raises(ValueError, match="is not a time") as caught:
        parse_duration(text)
    assert f"'{text}'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("1b", 1),
        ("1K", 1024),
        ("1k", 1024),
        ("1KiB", 1024),
        ("1KB", 1000),
        ("512M", 512 * 1024**2),
        ("1.5G", 3 * 1024**3 // 2),
        ("2GiB", 2 * 1024**3),
        ("500MB", 500 * 1000**2),
        ("3gb", 3 * 1000**3),
        ("1T", 1024**4),
        ("1tb", 1000**4),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_a_size_is_read_as_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1e9",
        "inf",
        "big",
        "512 M",
        "M",
        "1P",
        "1Ki",
        "1M1K",
        ".5G",
        "1.G",
        "9223372036854775808",
        "8388608T",
        "0.0001K",
        "1_024",
        "²",
    ],
)
def test_what_is_no_size_is_refused_by_its_own_text(text):
    with pytest.raises(ValueError) as caught:
        parse_size(text)
    assert f"'{text}'" in str(caught.value)


@given(st.lists(st.sampled_from(["d", "h", "m", "s", "ms"]), min_size=1, unique=True), st.integers(0, 999))
def test_the_parts_of_a_time_add_up(units, number):
    order = ["d", "h", "m", "s", "ms"]
    seconds = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    units.sort(key=order.index)
    text = "".join(f"{number}{unit}" for unit in units)
    assert parse_duration(text) == pytest.approx(sum(number * seconds[unit] for unit in units))


@given(st.text())
@example("0.")
@example("1h" * 1000)
@example("9" * 5000)
def test_any_text_is_a_quantity_or_a_value_error(text):
    for parse in (parse_duration, parse_size):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert 0 <= value <= 2**63
        assert value > 0 or not text.strip("0. bBkKmMgGtTiIdhs\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85")
