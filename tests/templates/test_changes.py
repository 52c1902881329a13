"""What a review is about: nothing is left out of a diff or a folder without being named, whatever lies there."""

import json
import os
import subprocess

import pytest

from llmx.templates.diffs import read_diff
from tests.templates.conftest import llmx

CLEAN = json.dumps({"text": json.dumps({"findings": []})})
SUBMODULE = "a submodule: what changes in it is not in this diff"
UNPRINTABLE = "its name has characters that cannot be printed"


def git(folder, *words):
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), "-c", "protocol.file.allow=always", *words]
    done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, **names})
    return done.stdout


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "c")


@pytest.fixture
def repository(alone, tmp_path, monkeypatch):
    """A repository with one commit, the working folder; the mock finds nothing."""
    (tmp_path / "ok.jsonl").write_text(CLEAN)
    monkeypatch.setenv("LLMX_MOCK_SCRIPT", str(tmp_path / "ok.jsonl"))
    for name in ("other", "work"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q", "-b", "main")
        (tmp_path / name / "a.py").write_text("a = 1\nb = 2\n")
    commit(tmp_path / "other")
    work = tmp_path / "work"
    (work / "notes.txt").write_text("import os\n")
    (work / "old.py").write_text("o = 1\n")
    (work / "gone.py").write_text("g = 1\n")
    git(work, "submodule", "add", "-q", str(tmp_path / "other"), "sub")
    commit(work)
    monkeypatch.chdir(work)
    return work


def reviewed(*words, text=None):
    """The exit code, the problem, and of each file whether it was read, or why not."""
    done = llmx("exec", "code-review", "--backend", "mock", "--output", "json", *words, text=text)
    told = json.loads(done.stdout)
    coverage = {each["path"]: each["reason"] or True for each in told["coverage"]}
    return done.returncode, told["metadata"]["problem"], coverage


def odd(work):
    """Change what can be changed, and add what a name or a file can be."""
    (work / "a.py").write_text("a = 1\nb = 3\n")
    git(work, "mv", "old.py", "new.py")
    git(work, "mv", "notes.txt", "notes.py")
    git(work, "rm", "-q", "gone.py")
    (work / "sub" / "a.py").write_text("a = 2\n")
    commit(work / "sub")
    for name in ("-dash.py", 'qu"ote.py', "sp ace.py", "\u00fcn\U0001f600.py", "new\nline.py", "e\x1b[31m.py"):
        (work / name).write_text("x = 1\n")
    (work / os.fsdecode(b"bad\xff.py")).write_text("x = 1\n")
    (work / "crlf.py").write_bytes(b"x = 1\r\n")
    (work / "latin.py").write_bytes(b"x = '\xe9'\n")
    (work / "nul.py").write_bytes(b"x\0")
    (work / "picture.dat").write_bytes(b"x\0")
    (work / "empty.py").touch()
    (work / "loop.py").symlink_to("loop.py")
    (work / "out").symlink_to("/etc")


IN_BOTH = {
    "a.py": True,
    "notes.py": True,
    "-dash.py": True,
    'qu"ote.py': True,
    "sp ace.py": True,
    "\u00fcn\U0001f600.py": True,
    "crlf.py": True,
    "latin.py": "no UTF-8 text",
    "nul.py": "code by its name, but no text",
    "picture.dat": "not code by its name",
    "loop.py": "a link",
    "out": "a link",
    "new\nline.py": UNPRINTABLE,
    "e\x1b[31m.py": UNPRINTABLE,
    os.fsdecode(b"bad\xff.py"): UNPRINTABLE,
}


@pytest.mark.parametrize("way", ["--diff=main", "--staged", "--diff=main...HEAD", "--diff=HEAD^!", "--diff=-"])
def test_everything_that_a_diff_is_about_is_named_and_read_or_said_why_not(repository, way):
    git(repository, "checkout", "-q", "-b", "topic")
    odd(repository)
    if way != "--diff=-":
        git(repository, "config", "-f", ".gitmodules", "submodule.sub.ignore", "all")
    git(repository, "add", "-A", "-f", ".", "sub")
    if "HEAD" in way:
        git(repository, "commit", "-qm", "second")
    text = git(repository, "diff", "--cached", "--binary") if way == "--diff=-" else None
    rc, problem, coverage = reviewed(way, text=text)
    changed = {"new.py": "nothing is added", "empty.py": "nothing is added", "gone.py": "deleted", "sub": SUBMODULE}
    hiding = {} if way == "--diff=-" else {".gitmodules": "not code by its name"}
    assert coverage == {**IN_BOTH, **changed, **hiding}
    assert (rc, problem) == (3, "7 of 13 files were read, 54 %, and 100 % are asked")


def test_everything_in_a_folder_is_named_and_read_or_said_why_not(repository, tmp_path):
    odd(repository)
    git(tmp_path, "clone", "-q", "other", "work/nested")
    os.mkfifo(repository / "fifo.py")
    rc, _, coverage = reviewed()
    named = {".gitmodules": "not code by its name", "sub": "another repository", "nested": "another repository"}
    assert coverage == {**IN_BOTH, **named, "new.py": True, "empty.py": "empty"}
    assert rc == 3


@pytest.mark.parametrize(("after", "gap"), [("b = 2\n", 1), ("a = 1\n", 2)])
def test_what_is_only_taken_out_is_asked_about_where_it_stood(repository, after, gap):
    """Who takes out a check adds nothing, and may break more than who adds a line."""
    (repository / "a.py").write_text(after)
    text = git(repository, "diff")
    assert read_diff(text.decode()).files["a.py"].gaps == {gap}
    for words, stdin in ((["--diff", "HEAD"], None), (["--diff", "-"], text)):
        assert reviewed(*words, text=stdin)[::2] == (0, {"a.py": True})
    (repository / "a.py").write_text("c = 3\n")
    assert reviewed("--diff", "-", text=text)[0] == 3, "the lines that it shows around it are not here"


def test_a_folder_without_git_is_read_but_for_what_is_built(alone, tmp_path, repository, monkeypatch):
    plain = tmp_path / "plain"
    (plain / "vendor").mkdir(parents=True)
    (plain / "b.py").write_text("x = 1\n")
    (plain / "link").symlink_to("vendor")
    os.mkfifo(plain / "fifo.py")
    rc, _, coverage = reviewed("--param", f"code_path={plain}")
    built = {"vendor": "installed or built", "link": "a link", "fifo.py": "no regular file"}
    assert (rc, coverage) == (0, {"b.py": True, **built})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda work: (work / "a.py").write_text("a = 1\n"), "it is not here as the diff has it"),
        (lambda work: (work / "a.py").write_text("a = 1\nb = 4\n"), "it is not here as the diff has it"),
        (lambda work: (work / "a.py").unlink(), "it is not there"),
    ],
)
def test_a_diff_of_another_branch_is_no_diff_of_the_files_that_are_here(repository, change, why):
    (repository / "a.py").write_text("a = 1\nb = 3\n")
    text = git(repository, "diff")
    assert reviewed("--diff", "-", text=text)[::2] == (0, {"a.py": True})
    change(repository)
    rc, _, coverage = reviewed("--diff", "-", text=text)
    assert (rc, coverage["a.py"][: len(why)]) == (3, why)


HEAD = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n"


@pytest.mark.parametrize(
    ("diff", "found"),
    [
        (f"{HEAD}@@ -1 +1 @@\n-a\n+b\n\nSubject: two\n\n+++ b/x.py\ndeleted file mode 1\n", {"x.py": {1: "b"}}),
        (f"{HEAD}@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n", {"x.py": None}),
        ("diff --git a/x y b/x y\nGIT binary patch\n", {"x y": None}),
        ("diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n", {"x y": {}}),
        ("diff --git a/b/x b/y\nsimilarity index 100%\nrename from b/x\nrename to y\n", {"y": {}}),
        ('+++ "b/\u00fc\\n\\"\\303\\244.py"\n@@ -0,0 +1 @@\n+a\n', {'\u00fc\n"\u00e4.py': {1: "a"}}),
    ],
    ids=["a message between two patches", "a merge", "binary", "mode", "rename", "quoted"],
)
def test_a_diff_says_which_files_it_is_about(diff, found):
    assert read_diff(diff).lines == found


STATES = [
    (
        ["--diff", "main...HEAD"],
        lambda work: git(work, "clone", "-q", "--depth=1", f"file://{work}", "../one"),
        3,
        "fetch-depth: 0",
    ),
    (["--diff", "main"], lambda work: git(work, "clone", "-q", "--bare", ".", "../one"), 3, "work tree"),
    (["--diff", "main"], lambda work: (work / "../one").mkdir(), 2, "no git repository"),
    (["--diff", "nowhere"], lambda work: git(work, "worktree", "add", "-q", "../one"), 3, "bad revision"),
    (["--diff", "HEAD...HEAD"], lambda work: git(work, "worktree", "add", "-q", "../one"), 3, "nothing to review"),
]


@pytest.mark.parametrize("state", STATES, ids=["shallow", "bare", "none", "unknown", "empty"])
def test_a_repository_that_cannot_tell_is_never_clean(repository, monkeypatch, state):
    words, make, rc, said = state
    git(repository, "branch", "-m", "main", "trunk")
    git(repository, "branch", "main")
    make(repository)
    monkeypatch.chdir(repository / ".." / "one")
    code, problem, _ = reviewed(*words)
    assert (code, said in problem) == (rc, True), problem


def test_without_git_a_diff_is_inconclusive_and_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert reviewed("--staged")[:2] == (3, "git cannot be run here (--diff and --staged need it)")


def test_paths_are_told_as_in_the_repository_wherever_the_review_begins(repository):
    (repository / "lib" / "x").mkdir(parents=True)
    (repository / "lib" / "x" / "b.py").write_text("b = 1\n")
    assert reviewed("--param", "code_path=lib/x")[2] == {"lib/x/b.py": True}
    assert reviewed("--param", "code_path=lib/x/b.py")[2] == {"lib/x/b.py": True}
    (repository / ".gitignore").write_text("lib\n")
    assert reviewed("--param", "code_path=lib/x")[::2] == (0, {"lib/x/b.py": True}), "it was named, so it is read"
