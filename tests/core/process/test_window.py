"""What a terminal does to line ends is taken back, however the bytes arrive."""

from hypothesis import given
from hypothesis import strategies as some

from llmx.core.process.window import LineEnds

written = some.lists(some.sampled_from([b"\n", b"\r", b"\r\n", b"x", b"\xff"]), max_size=20).map(b"".join)


def onto_a_terminal(data):
    """As the kernel shows it (ONLCR)."""
    return data.replace(b"\n", b"\r\n")


@given(written, some.data())
def test_it_is_what_the_command_wrote(data, draw):
    shown = onto_a_terminal(data)
    cut = draw.draw(some.integers(0, len(shown)))
    ends = LineEnds()
    assert ends.plain(shown[:cut]) + ends.plain(shown[cut:]) + ends.rest() == data


def test_a_last_carriage_return_waits_for_what_follows():
    ends = LineEnds()
    assert (ends.plain(b"a\r"), ends.plain(b""), ends.plain(b"\nb"), ends.rest()) == (b"a", b"", b"\nb", b"")
    assert (ends.plain(b"50 %\r"), ends.rest(), ends.rest()) == (b"50 %", b"\r", b"")
