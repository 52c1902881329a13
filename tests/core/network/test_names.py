"""What may be written after ``--net``, and what it opens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.network.groups import GROUPS
from llmx.core.network.names import AllowList, canonical, combined, is_within, parse


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("example.com", ["example.com"]),
        (" Example.COM. , *.Example.org ,", ["example.com", "*.example.org"]),
        ("example.com:8443", ["example.com:8443"]),
        ("example.com,example.com", ["example.com"]),
        ("@go", list(GROUPS["go"])),
        ("@GO,github.com,@github", [*GROUPS["go"], *GROUPS["github"]]),
        ("bücher.example", ["xn--bcher-kva.example"]),
        ("*.bücher.example:444", ["*.xn--bcher-kva.example:444"]),
        ("a_b.example.com", ["a_b.example.com"]),
    ],
)
def test_names_are_read(text, names):
    assert parse(text) == names


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "none,example.com", "example.com,host", "@", "@nobody", "*", "*.", "*.com", "*.*.example.com"),
        *("*example.com", "ex*mple.com", "example", "localhost", "127.0.0.1", "1.2.3", "0x7f.1", "example.0x7f"),
        *("::1", "[::1]", "2001:db8::1", "example.com:0", "example.com:65536", "example.com:x", "example.com:"),
        *("http://example.com", "example.com/path", "user@example.com", "exa mple.com", "-a.example.com"),
        *("a-.example.com", ".example.com", "example..com", f"{'a' * 64}.example.com", f"{'a.' * 127}com"),
        *("faß.example", "ﬀ.example", "example。com", "a\u200db.example", "example.com\0", "１２７.0.0.1"),
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("names", "host", "port", "allowed"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "example.com", 80, True),
        ("example.com", "example.com", 22, False),
        ("example.com", "www.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "notexample.com", 443, False),
        ("example.com:22", "example.com", 22, True),
        ("example.com:22", "example.com", 443, False),
        ("example.com:22,example.com", "example.com", 443, True),
        ("*.example.com:22,example.com", "a.example.com", 22, True),
    ],
)
def test_a_name_opens_its_host_on_its_ports(names, host, port, allowed):
    assert AllowList(parse(names)).allows(host, port) is allowed


@pytest.mark.parametrize(
    ("new", "old", "within"),
    [
        ("none", "", True),
        ("none", "example.com", True),
        ("example.com", "host", True),
        ("", "host", True),
        ("host", "", False),
        ("host", "example.com", False),
        ("example.com", "", False),
        ("example.com", "none", False),
        ("example.com", "*.com", False),
        ("a.example.com", "*.example.com", True),
        ("*.a.example.com", "*.example.com", True),
        ("*.example.com", "a.example.com", False),
        ("*.example.com", "*.a.example.com", False),
        ("example.com", "*.example.com", False),
        ("example.com:443", "example.com", True),
        ("example.com", "example.com:443", False),
        ("example.com:80,example.com:443", "example.com", True),
        ("example.com:22", "example.com", False),
        ("github.com", "@github", True),
        ("@github", "github.com", False),
        ("@python", "@node,@python", True),
        ("not a name", "example.com", False),
    ],
)
def test_a_list_is_within_another_when_it_opens_nothing_more(new, old, within):
    assert is_within(new, old) is within


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["a.com"], "a.com"),
        (["a.com", "b.com"], "a.com,b.com"),
        (["none", "a.com", "b.com"], "a.com,b.com"),
        (["host", "a.com"], "a.com"),
        (["a.com", "host"], "host"),
        (["a.com", "NONE"], "NONE"),
        (["a.com", "none", "b.com"], "b.com"),
    ],
)
def test_several_add_up_and_a_whole_one_takes_the_place_of_what_is_before(values, text):
    assert combined(values) == text


@pytest.mark.parametrize("group", GROUPS)
def test_the_names_of_a_group_are_names(group):
    assert parse(f"@{group}") == list(GROUPS[group])


@given(st.text(max_size=40))
def test_whatever_is_asked_for_a_canonical_name_is_one_and_stays(host):
    name = canonical(host)
    assert canonical(name) == name
    assert not name or (name.isascii() and name == name.lower() and not name.split(".")[-1].isdigit())
