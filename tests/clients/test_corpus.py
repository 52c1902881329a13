"""Over real-world-shaped files: an entry is added, changed, removed and undone, and nothing else changes."""

import os

import pytest

from llmx.clients.reading import value_in
from llmx.clients.registry import find
from llmx.core.edits import undo
from llmx.errors import ConfigError
from tests.clients.corpus import CASES, MALFORMED

ONE = '[mcp.servers.zz]\ncommand = "node"\nargs = ["x.js", "ünï"]\n'
OTHER = '[mcp.servers.zz]\ncommand = "deno"\nargs = ["run"]\n[mcp.servers.zz.env]\nA = "b"\n'
NOTHING = "[mcp.servers]\n"


RESHAPED = 4
"""Bytes that an empty table, or a missing last newline, gives up when something is put there."""


def kept(before, after):
    """How many bytes of ``before`` stand unchanged around one place of ``after``."""
    head = len(os.path.commonprefix([before, after]))  # noqa: RUF071  # bytes, not paths
    tail = len(os.path.commonprefix([before[head:][::-1], after[head:][::-1]]))  # noqa: RUF071
    return head + tail


def test_the_corpus_is_large_enough():
    assert len({(case.client, case.data) for case in CASES}) >= 70


@pytest.mark.promise("S0-53")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_but_the_entry_changes(setting, case):
    file = setting.write(case.client, case.data)
    servers = {s.name: s for s in _servers(setting, case.client)}
    setting.apply(case.client, ONE)
    added = file.read_bytes()
    assert kept(case.data, added) >= len(case.data) - RESHAPED
    assert {s.name: s for s in _servers(setting, case.client) if s.name != "zz"} == servers
    assert not setting.prepared(case.client, ONE).drift
    setting.apply(case.client, OTHER)
    changed = next(s for s in _servers(setting, case.client) if s.name == "zz")
    assert (changed.command, changed.args, changed.env) == ("deno", ("run",), {"A": "b"})
    setting.apply(case.client, NOTHING)
    assert {s.name: s for s in _servers(setting, case.client)} == servers
    assert b"zz" not in file.read_bytes()
    for _ in range(3):
        undo()
    assert file.read_bytes() == case.data


def _servers(setting, client):
    return find(client).servers(setting.where, "user", value_in)


@pytest.mark.parametrize(("client", "data", "line"), MALFORMED)
def test_a_file_that_does_not_parse_stays_and_is_named_with_its_line(setting, client, data, line):
    file = setting.write(client, data)
    before = file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        setting.apply(client, ONE)
    assert str(file) in caught.value.message
    assert f":{line}:" in caught.value.message
    assert file.read_bytes() == before


def test_five_megabytes_are_edited_like_any_other(setting):
    rows = ",\n".join(f'    "server-{at}": {{"command": "x", "args": ["{"y" * 80}"]}}' for at in range(45000))
    data = f'{{\n  "mcpServers": {{\n{rows}\n  }}\n}}\n'.encode()
    assert len(data) > 5_000_000
    file = setting.write("claude", data)
    setting.apply("claude", ONE)
    assert kept(data, file.read_bytes()) >= len(data)
