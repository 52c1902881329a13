"""Whatever file-classification does with files is written down before, and can be taken back from any point."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from llmx.errors import ConfigError, PolicyError
from llmx.templates.builtin.file_classification import moving
from llmx.templates.builtin.file_classification.journal import Journal, find, new_path
from llmx.templates.builtin.file_classification.moving import carry, rename_new
from llmx.templates.builtin.file_classification.targets import Targets
from llmx.templates.builtin.file_classification.undoing import undo
from tests.templates.killed import marked, no_rename, tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def elsewhere(tmp_path):
    """A folder on another file system."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        assert os.stat(folder).st_dev != tmp_path.stat().st_dev, "both are one file system: nothing would be tested"
        yield Path(folder)


@pytest.fixture
def journal(tmp_path):
    made = Journal(str(tmp_path / "undo.jsonl"))
    yield made
    made.close()


def put(path, text="text"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def taken_back(journal):
    return [(each.status, each.reason) for each in undo(journal.log, dry_run=False)]


@pytest.mark.promise("S2-41")
@pytest.mark.parametrize("how", ["move", "copy", "link", "cross"])
def test_killed_at_any_line_of_a_move_a_copy_or_an_undo_everything_comes_back(how, tmp_path, elsewhere):
    source = tmp_path if how == "cross" else elsewhere  # in memory, where it is fast
    command = [sys.executable, "-m", "tests.templates.killed", how, str(source), str(elsewhere)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(int(count) > 50 for count in done.stdout.split())


@pytest.mark.parametrize("do", ["move", "copy"])
def test_nothing_is_ever_written_over_not_even_what_came_a_moment_ago(do, tmp_path, journal, monkeypatch):
    source, target = put(tmp_path / "a.txt", "new"), tmp_path / "out" / "a.txt"
    first: list[Path] = []

    def faster(*words):
        if not first:
            first.append(put(target, "of somebody else"))
        return rename_new(*words)

    monkeypatch.setattr(moving, "rename_new", faster)
    path = carry(journal, do, str(source), str(target), marked(source))
    assert (path, Path(path).read_text()) == (str(tmp_path / "out" / "a (2).txt"), "new")
    assert target.read_text() == "of somebody else"
    assert {status for status, _ in taken_back(journal)} <= {"restored", "removed", "as it was"}
    assert (source.read_text(), target.read_text()) == ("new", "of somebody else")
    assert sorted(os.listdir(tmp_path / "out")) == ["a.txt"]


def test_what_looks_like_the_moved_file_and_is_none_survives(tmp_path, journal, monkeypatch):
    """Killed when a name was taken in between: same size, same time, other content."""
    source, target = put(tmp_path / "a.txt", "one"), tmp_path / "out" / "a.txt"
    mark = marked(source)
    step = journal.begin("move", str(source), str(target), mark)
    put(target, "two")
    os.utime(target, ns=(mark.mtime_ns, mark.mtime_ns))
    assert moving.go_on(step) == ""
    assert taken_back(journal) == [("as it was", "")]
    assert (source.read_text(), target.read_text()) == ("one", "two")


def test_another_file_system_keeps_mode_times_and_attributes_both_ways(tmp_path, elsewhere, journal):
    source = put(tmp_path / "a.txt", "text" * 100)
    source.chmod(0o4610)
    os.utime(source, ns=(10**18, 10**18 + 7))
    before = tree(tmp_path / "a.txt", tmp_path)[str(source)]
    path = Path(carry(journal, "move", str(source), str(elsewhere / "x" / "a.txt"), marked(source)))
    assert not source.exists()
    assert tree(elsewhere)[str(path)] == before
    assert taken_back(journal) == [("restored", "")]
    assert tree(tmp_path)[str(source)] == before
    assert os.listdir(elsewhere) == []


def test_hard_links_are_not_parted(tmp_path, elsewhere, journal):
    source = put(tmp_path / "a.txt")
    os.link(source, tmp_path / "b.txt")
    with pytest.raises(OSError, match="hard link"):
        carry(journal, "move", str(source), str(elsewhere / "a.txt"), marked(source))
    assert (source.stat().st_nlink, os.listdir(elsewhere)) == (2, [])
    path = carry(journal, "move", str(source), str(tmp_path / "out" / "a.txt"), marked(source))
    assert os.stat(path).st_nlink == 2


def test_a_file_that_has_changed_is_left_alone(tmp_path, journal):
    source = put(tmp_path / "a.txt")
    mark = marked(source)
    source.write_text("longer than before")
    with pytest.raises(OSError, match="changed since"):
        carry(journal, "move", str(source), str(tmp_path / "out" / "a.txt"), mark)
    assert not (tmp_path / "out").exists()


def test_a_link_in_the_place_of_a_folder_leads_nowhere(tmp_path, journal):
    source = put(tmp_path / "a.txt")
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "texts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is a link or a file"):
        carry(journal, "move", str(source), str(tmp_path / "out" / "texts" / "a.txt"), marked(source))
    assert (source.exists(), os.listdir(tmp_path / "elsewhere")) == (True, [])


def work_on_the_copy(source, target):
    target.write_text("worked on")


def put_another(source, target):
    put(source, "another")


def take_away(source, target):
    target.unlink()


def replace(source, target):
    target.unlink()
    target.write_text("quite another")


@pytest.mark.parametrize(
    ("do", "since", "reason"),
    [
        ("copy", work_on_the_copy, "the copy has changed since"),
        ("move", put_another, "another file has its old name"),
        ("move", take_away, "it is at neither place"),
        ("move", replace, "another file has its new name"),
    ],
)
def test_what_somebody_has_done_since_is_not_thrown_away(do, since, reason, tmp_path, journal):
    source, target = put(tmp_path / "a.txt"), tmp_path / "out" / "a.txt"
    (tmp_path / "taken").touch()  # so that no number of a file is used again
    carry(journal, do, str(source), str(target), marked(source))
    keep = os.open(target, os.O_RDONLY)
    since(source, target)
    before = tree(tmp_path)
    assert taken_back(journal) == [("left", reason)]
    after = tree(tmp_path)
    assert {path for path in before if before[path][1]} == {path for path in after if after[path][1]}
    os.close(keep)


def test_a_moved_file_that_was_worked_on_goes_back_as_it_is_now(tmp_path, journal):
    source, target = put(tmp_path / "a.txt"), tmp_path / "out" / "a.txt"
    carry(journal, "move", str(source), str(target), marked(source))
    target.write_text("worked on")
    assert taken_back(journal) == [("restored", "")]
    assert source.read_text() == "worked on"
    assert not (tmp_path / "out").exists()


def test_where_renaming_without_replacing_is_not_offered_a_link_does_it(tmp_path, monkeypatch):
    monkeypatch.setattr(moving, "_exclusive", lambda: no_rename)
    source, taken = put(tmp_path / "a"), put(tmp_path / "b", "taken")
    with pytest.raises(FileExistsError):
        rename_new(str(source), str(taken))
    rename_new(str(source), str(tmp_path / "c"))
    assert (sorted(os.listdir(tmp_path)), taken.read_text()) == (["b", "c"], "taken")


def test_names_that_are_taken_get_a_number_and_stay_short_enough(tmp_path):
    targets = Targets()
    long = "ä" * 125 + ".txt"
    (tmp_path / long).touch()
    names = [
        os.path.basename(targets.free(str(tmp_path), name)) for name in ("a.tar", "a.tar", long, "b\udcff", "b\udcff")
    ]
    assert names[:2] == ["a.tar", "a (2).tar"]
    assert names[3:] == ["b\udcff", "b\udcff (2)"]
    assert names[2].endswith("ä (2).txt")
    assert len(names[2].encode()) <= 255


def test_the_undo_file_is_yours_alone(tmp_path, journal, ordinary_user):
    with pytest.raises(PolicyError, match="another process is at work"):
        Journal(journal.path)
    journal.close()
    os.chmod(journal.path, 0o622)
    with pytest.raises(PolicyError, match="not yours alone"):
        Journal(journal.path)
    os.chmod(journal.path, 0o600)
    if os.geteuid() == 0:
        os.chown(journal.path, ordinary_user.pw_uid, -1)
        with pytest.raises(PolicyError, match="not yours alone"):
            Journal(journal.path)


@pytest.mark.parametrize(
    "text",
    [
        '{"undo": 2}\n',
        "[]\n",
        "no JSON\n",
        '{"undo": 1}\n{"do": "run", "number": 0}\n',
        '{"undo": 1}\n{"do": "move", "number": 0, "from": "/a", "to": "/b", "token": "../x", "mark": [1, 2, 3, 4]}\n',
        '{"undo": 1}\n{"do": "move", "number": 0, "from": "a", "to": "/b", "token": "00", "mark": [1, 2, 3, 4]}\n',
        '{"undo": 1}\n{"do": "move", "number": 0, "from": 7, "to": "/b", "token": "00", "mark": [1, 2, 3, 4]}\n',
        '{"undo": 1}\n{"folder": "x"}\n{"staged": 0, "mark": [1, 2, 3, 4]}\n',
        '{"undo": 1}\n{"staged": 9, "mark": [1, 2, 3, 4]}\n',
    ],
)
def test_what_is_no_undo_file_is_said(text, tmp_path):
    file = put(tmp_path / "undo.jsonl", text)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="is no undo file"):
        Journal(str(file))
    assert file.read_text() == text


def test_a_line_that_is_not_whole_was_not_acted_on(tmp_path, journal):
    journal.folder("/x")
    journal.close()
    whole = Path(journal.path).read_text()
    for cut in ("", '{"do": "mo'):
        put(Path(journal.path), whole + cut)
        again = Journal(journal.path)
        assert again.log.done == ["/x"]
        again.folder("/y")
        again.close()
        assert [json.loads(line) for line in Path(journal.path).read_text().splitlines()][1:] == [
            {"folder": "/x"},
            {"folder": "/y"},
        ]


def test_the_newest_that_was_not_undone_is_the_last():
    paths = [new_path() for _ in range(3)]
    assert paths == sorted(paths)
    for path in paths:
        Journal(path).close()
    newest = Journal(find("last"))
    assert newest.path == paths[2]
    newest.undone()
    assert find("last") == paths[1]
    newest.folder("/x")  # a run that goes on after it was undone
    newest.close()
    assert find("last") == paths[2]
    assert os.stat(os.path.dirname(paths[0])).st_mode & 0o077 == 0
