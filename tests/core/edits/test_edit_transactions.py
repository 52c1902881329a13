"""Many files, all or none: symlinks, modes, stale plans, full disks, read-only places, undo and history."""

import json
import os
import stat
import subprocess
import sys

import pytest

from llmx.core import edits
from llmx.core.edits import Add, Block, Change, Set, StaleError, Unset
from llmx.errors import ConfigError, NotFoundError, UsageError
from tests.core.edits.conftest import ROOT, listing


def test_a_plan_shows_a_diff_of_all_files_and_writes_nothing(write, tmp_path):
    one = write("one.json", '{\n  "a": 1\n}')
    two = write("two.toml", "x = 1\n")
    new = tmp_path / "new/three.yaml"
    plan = edits.plan(
        [Change(one, [Set(("b",), 2)]), Change(two, [Set(("x",), 1)]), Change(new, [Set(("k",), ["v"])])], title="t"
    )
    assert plan.diff() == (
        f"--- {one}\n+++ {one}\n@@ -1,3 +1,4 @@\n"
        ' {\n-  "a": 1\n+  "a": 1,\n+  "b": 2\n }\n\\ No newline at end of file\n'
        f"--- /dev/null\n+++ {new}\n@@ -0,0 +1,2 @@\n+k:\n+- v\n"
    )
    assert one.read_text() == '{\n  "a": 1\n}'
    assert listing(tmp_path) == ["one.json", "two.toml"]


def test_a_plan_without_changes_is_empty_and_leaves_no_trace(write, state):
    file = write("a.json", '{"a" :1}')
    plan = edits.plan([Change(file, [Set(("a",), 1), Unset(("b",))])], title="nothing")
    assert plan.is_empty
    assert plan.diff() == ""
    assert plan.apply().id == ""
    assert file.read_text() == '{"a" :1}'
    assert edits.history() == []
    assert not state.exists()


def test_unsetting_in_a_file_that_is_not_there_makes_none(tmp_path):
    assert edits.plan([Change(tmp_path / "a.json", [Unset(("a",))])], title="t").is_empty


def test_a_missing_file_is_an_error_where_none_may_be_made(tmp_path):
    with pytest.raises(NotFoundError):
        edits.plan([Change(tmp_path / "a.json", [Set(("a",), 1)], create=False)], title="t")


def test_a_file_of_unknown_kind_needs_a_format(write):
    file = write("crushrc", "{}")
    with pytest.raises(UsageError, match="crushrc"):
        edits.plan([Change(file, [Set(("a",), 1)])], title="t")
    with pytest.raises(UsageError, match="'ini'"):
        edits.plan([Change(file, [Set(("a",), 1)], format="ini")], title="t")
    assert edits.edit([Change(file, [Set(("a",), 1)], format="json")], title="t").files == (file,)


BROKEN = [
    ("a.json", '{\n  "a": 1,\n  // no\n}', 3, 3),
    ("a.json", '{\n  "a": 1,\n}', 3, 1),
    ("a.json", '{"a": NaN}', 1, 7),
    ("a.json", '{"a": "x', 1, 7),
    ("a.json", "[" * 101 + "]" * 101, 1, 101),
    ("a.jsonc", '{\n  "a": 1 "b": 2}', 2, 10),
    ("a.jsonc", '{"a": [,]}', 1, 8),
    ("a.jsonc", '{"a": 1} /* open', 1, 10),
    ("a.toml", "a = 1\nb = \n", 2, 5),
    ("a.toml", "[a]\n[a]\n", 2, 3),
    ("a.toml", "a = 'x", 1, 7),
    ("a.yaml", "a: 1\n\tb: 2\n", 2, 1),
    ("a.yaml", "a: 1\na: 2\n", 2, 1),
    ("a.yaml", "a: *x\n", 1, 4),
    ("a.yaml", "a: 1\n---\nb: 2\n", 2, 1),
    ("a.yaml", "a: [1\nb: 2\n", 2, 2),
    ("a.yaml", "a: \x01\n", 1, 4),
    ("a.yaml", "[" * 2000, 1, 1),
    ("a.toml", "a = " + "[" * 2000, 1, 1),
    ("a.md", "x\n<!-- llmx:begin a -->\n", 2, 1),
    ("a.md", "<!-- llmx:end a -->\n", 1, 1),
    ("a.md", "<!-- llmx:begin a -->\n<!-- llmx:begin b -->\n", 2, 1),
    ("a.md", "<!-- llmx:begin a -->\n<!-- llmx:end a -->\n" * 2, 3, 1),
    ("a.json", b'{\n "a": "\xff"}', 2, 8),
    ("a.json", "{}".encode("utf-16"), 1, 1),
]


@pytest.mark.parametrize(("name", "content", "line", "column"), BROKEN)
def test_a_file_that_does_not_parse_stops_the_whole_plan_with_its_line_and_column(write, name, content, line, column):
    good = write("good.json", "{}")
    bad = write(name, content)
    before = bad.read_bytes()
    operation = Block("n", "x") if name == "a.md" else Set(("a",), 1)
    with pytest.raises(ConfigError) as caught:
        edits.edit([Change(good, [Set(("a",), 1)]), Change(bad, [operation])], title="t")
    assert caught.value.source == f"{bad}:{line}:{column}"
    assert caught.value.message.startswith(f"{bad}:{line}:{column}: ")
    assert bad.read_bytes() == before
    assert good.read_text() == "{}"


@pytest.mark.parametrize(
    ("content", "operation", "says"),
    [
        ('{"a": "text"}', Set(("a", "b"), 1), "a is a string, not a table"),
        ('{"a": [1]}', Set(("a", 5), 1), r"a has 1 entries, so there is no place \[5\]"),
        ('{"a": {}}', Add(("a",), 1), "a is not a list"),
        ("[1]", Set(("a",), 1), "the top level is a list, not a table"),
        ("{}", Set((), 1), "the whole file is not one"),
        ("{}", Set(("a",), {1: 2}), "a key must be text, not 1"),
        ("{}", Set(("a",), b"x"), "cannot hold a bytes"),
        ("{}", Set(("a",), float("nan")), "JSON cannot hold this value"),
    ],
)
def test_an_operation_that_does_not_fit_the_file_names_file_and_entry(write, content, operation, says):
    file = write("a.json", content)
    with pytest.raises(ConfigError, match=says) as caught:
        edits.edit([Change(file, [operation])], title="t")
    assert str(file) in caught.value.message
    assert file.read_text() == content


def test_several_changes_of_one_file_by_several_names_become_one(write, tmp_path):
    file = write("a.json", "{}")
    link = tmp_path / "link.json"
    link.symlink_to(file)
    edit = edits.edit([Change(file, [Set(("a",), 1)]), Change(link, [Set(("b",), 2)])], title="t")
    assert json.loads(file.read_text()) == {"a": 1, "b": 2}
    assert edit.files == (file,)


def test_a_link_is_followed_and_stays_a_link(write, tmp_path):
    real = write("dotfiles/real.json", "{}")
    link = tmp_path / "link.json"
    link.symlink_to("dotfiles/real.json")
    edits.edit([Change(link, [Set(("a",), 1)])], title="t")
    assert link.is_symlink()
    assert json.loads(real.read_text()) == {"a": 1}


def test_a_link_to_a_file_that_is_not_there_yet_makes_the_file(tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to("deep/real.json")
    edits.edit([Change(link, [Set(("a",), 1)])], title="t")
    assert json.loads((tmp_path / "deep/real.json").read_text()) == {"a": 1}
    assert link.is_symlink()


def test_links_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "a.json").symlink_to("b.json")
    (tmp_path / "b.json").symlink_to("a.json")
    with pytest.raises(ConfigError, match=r"a\.json|b\.json"):
        edits.edit([Change(tmp_path / "a.json", [Set(("a",), 1)])], title="t")


def test_mode_owner_and_attributes_stay(write):
    file = write("a.json", "{}")
    file.chmod(0o640)
    os.setxattr(file, "user.note", b"kept")
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    edits.edit([Change(file, [Set(("a",), 1)])], title="t")
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(file, "user.note") == b"kept"
    assert after.st_ino != before.st_ino


def test_a_new_file_has_the_mode_that_was_asked_for_or_what_the_umask_leaves(tmp_path):
    old = os.umask(0o027)
    try:
        edits.edit(
            [Change(tmp_path / "a.json", [Set(("a",), 1)]), Change(tmp_path / "b.json", [Set(("a",), 1)], mode=0o600)],
            title="t",
        )
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "b.json").stat().st_mode) == 0o600


def test_copies_lie_outside_the_tree_for_the_owner_only(write, tmp_path, state):
    file = write("a.json", '{"key": "secret"}')
    edits.edit([Change(file, [Set(("a",), 1)])], title="t")
    assert listing(tmp_path) == ["a.json"]
    assert (state / "done/1/0.before").read_bytes() == b'{"key": "secret"}'
    for place in (state, *state.rglob("*")):
        assert place.stat().st_mode & 0o077 == 0


def test_a_plan_is_refused_when_its_file_changed_meanwhile(write):
    file = write("a.json", "{}")
    other = write("b.json", "{}")
    plan = edits.plan([Change(other, [Set(("a",), 1)]), Change(file, [Set(("a",), 1)])], title="t")
    file.write_text('{"mine": 1}')
    with pytest.raises(StaleError, match=r"a\.json was changed meanwhile"):
        plan.apply()
    assert (file.read_text(), other.read_text()) == ('{"mine": 1}', "{}")


def test_a_plan_is_refused_when_its_file_went_or_came_meanwhile(write, tmp_path):
    gone, came = write("a.json", "{}"), tmp_path / "b.json"
    for file in (gone, came):
        plan = edits.plan([Change(file, [Set(("a",), 1)])], title="t")
        if file is gone:
            gone.unlink()
        else:
            came.write_text("")
        with pytest.raises(StaleError):
            plan.apply()
    assert not gone.exists()
    assert came.read_text() == ""


def test_a_lock_that_is_held_is_waited_for_a_bounded_time(write, state, monkeypatch):
    file = write("a.json", "{}")
    edits.edit([Change(file, [Set(("a",), 1)])], title="t")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import fcntl, sys; f = open({str(state / 'lock')!r}); fcntl.flock(f, 2);"
            "print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        monkeypatch.setattr("llmx.core.edits.journal.WAIT_S", 0.2)
        with pytest.raises(ConfigError, match="another llmx has been editing files"):
            edits.edit([Change(file, [Set(("a",), 2)])], title="t")
        holder.stdin.close()
    assert json.loads(file.read_text()) == {"a": 1}


def test_no_parser_is_loaded_for_a_file_of_another_format(write):
    file = write("a.json", "{}")
    code = f"""
import sys
from pathlib import Path
from llmx.core.edits import Change, Set, edit
edit([Change(Path({str(file)!r}), [Set(("a",), 1)])], title="t")
print(sorted({{"tomlkit", "tomli_w", "ruamel.yaml"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_reading_gives_the_value_and_an_empty_table_for_no_file(write, tmp_path):
    assert edits.read(write("a.yaml", "a: [1]\n")) == {"a": [1]}
    assert edits.read(tmp_path / "none.toml") == {}
    with pytest.raises(ConfigError, match=r"b\.json:1:1: "):
        edits.read(write("b.json", "x"))
