"""``templates/artifacts.py``: below the output folder, all or none, over nothing, and nothing is paid for in vain."""

import os
import subprocess
import sys

import pytest

from llmx.errors import LlmxError, PolicyError, UsageError
from llmx.templates import Artifact
from llmx.templates.artifact_names import check_name, is_obeyed
from llmx.templates.artifacts import write
from llmx.templates.kept import folder
from tests.templates.conftest import llmx, perform
from tests.templates.model import Model

ASK = '[[phases]]\nid = "ask"\nprompt = "ask.j2"\n[[phases]]\nid = "make"\nrun = "phases:make"\n'
MAKE = "def make(context):\n    context.add('made.txt', context.results['ask'])\n    return 1\n"


@pytest.mark.promise("S2-30")
@pytest.mark.parametrize(
    "name",
    [
        *("../x", "/x", "a/../../x", "~/x/../../y", "", ".", "a\\b", "C:x", "a\nb", "a\u202eb", "a\0b", "x/"),
        *(".git/hooks/pre-commit", "sub/.git/hooks/x", ".GIT/config", "a/.Git"),
        *("a" * 201, "a/" + "b" * 121, "é" * 61),
    ],
)
def test_names_that_lead_elsewhere_or_nowhere_are_refused(name):
    with pytest.raises(PolicyError):
        check_name(name)


@pytest.mark.promise("S2-30")
def test_artifacts_are_written_whole_below_the_folder_and_over_nothing(tmp_path):
    made = [Artifact("a.txt", b"1"), Artifact("sub/b.txt", b"2")]
    paths = write(tmp_path / "out", made)
    assert [path.read_bytes() for path in paths] == [b"1", b"2"]
    with pytest.raises(UsageError, match="is there already"):
        write(tmp_path / "out", [Artifact("new.txt", b""), Artifact("a.txt", b"3")])
    assert not (tmp_path / "out" / "new.txt").exists()
    write(tmp_path / "out", [Artifact("a.txt", b"3")], force=True)
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"3"
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    with pytest.raises(PolicyError, match="leads out of"):
        write(tmp_path / "out", [Artifact("link/x.txt", b"")])


def test_a_link_in_the_place_of_an_artifact_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out" / "a").symlink_to(tmp_path / "mine")
    with pytest.raises(UsageError, match="is there already"):
        write(tmp_path / "out", [Artifact("a", b"x")])
    write(tmp_path / "out", [Artifact("a", b"x")], force=True)
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "out" / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("names", "kind"),
    [(["a", "a/b"], PolicyError), (["a/b", "a"], PolicyError), (["new", "is-a-folder"], UsageError)],
)
def test_none_is_written_where_one_cannot_be(tmp_path, names, kind):
    (tmp_path / "is-a-folder").mkdir()
    with pytest.raises(kind):
        write(tmp_path, [Artifact(name, b"x") for name in names], force=True)
    assert [each.name for each in tmp_path.iterdir()] == ["is-a-folder"]


def test_a_folder_that_cannot_be_made_leaves_nothing_half_written(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("")
    with pytest.raises(LlmxError, match="cannot be written"):
        write(tmp_path / "out", [Artifact("a", b"x"), Artifact("file/b", b"x")])
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["../y", "sub/.git/hooks/x", "docs/CLAUDE.md", ".github/workflows/ci.yml", ".env"])
def test_a_name_that_a_model_made_up_ends_its_phase(own, alone, name):
    code = f"def x(context):\n    context.add({name!r}, '')\n    return 1\n"
    phases = '[[phases]]\nid = "x"\nrun = "phases:x"\n'
    result = perform(own(phases, code))
    assert (result.exit_code, result.failed_phase, result.outcome, result.artifacts) == (5, "x", "failed", [])
    if ".git/" not in name and ".." not in name:
        assert perform(own(f'artifacts = ["{name}"]\n{phases}', code)).exit_code == 0, "what a template says it makes"


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        *((name, True) for name in ("GIT~1/config", ".Github./x", "agents.md", "x/.claude/y")),
        *((name, True) for name in (".envrc", ".vscode/tasks.json", ".idea/x", "a.code-workspace", ".bashrc")),
        *((name, False) for name in ("README.md", "src/agents.py", "git/x", ".gitignore", "claude.md.txt", "Makefile")),
    ],
)
def test_names_that_something_runs_or_obeys_later_are_known(name, is_so):
    assert is_obeyed(name) is is_so


def test_a_folder_that_takes_no_files_is_refused(in_the_open, ordinary_user):
    """As an ordinary user: root may write everywhere."""
    (in_the_open / "locked").mkdir(mode=0o555)
    code = (
        "import pathlib, sys; from llmx.templates import artifacts as a, sources as s; "
        "a.require_room(pathlib.Path(sys.argv[1]), s.find('code-review'), {})"
    )
    user = {"user": ordinary_user.pw_uid, "group": ordinary_user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    command = [sys.executable, "-c", code, f"{in_the_open}/locked"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **user)
    assert "cannot be written: Permission denied" in done.stderr


def test_nothing_is_asked_where_nothing_can_be_written(own, alone, tmp_path):
    name = own(ASK, MAKE, ask_j2="n?")
    with Model(lambda body: "yes") as model:
        (tmp_path / "file").write_text("")
        words = ["exec", name, "--backend", "openai", "--model", "m", "--api-base", model.url]
        refused = llmx(*words, "--output-dir", "file", OPENAI_API_KEY="k")
        assert (refused.returncode, model.bodies) == (2, [])
        assert "cannot be written" in refused.stderr
        for wrong in ("json=nowhere/x", "json=own"):
            refused = llmx(*words, "--report", wrong, OPENAI_API_KEY="k")
            assert (refused.returncode, model.bodies) == (2, [])


def test_what_was_paid_is_not_lost_where_a_file_is_in_the_way(own, alone, tmp_path):
    name = own(ASK, MAKE, ask_j2="n?")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "made.txt").write_text("mine")
    with Model(lambda body: "yes") as model:
        words = ["exec", name, "--backend", "openai", "--model", "m", "--api-base", model.url, "--output-dir", "out"]
        refused = llmx(*words, OPENAI_API_KEY="k")
        assert refused.returncode == 2
        assert (tmp_path / "out" / "made.txt").read_text() == "mine"
        assert "--force writes over it" in refused.stderr
        (run,) = folder().iterdir()
        done = llmx(*words, "--force", "--resume", run.name, OPENAI_API_KEY="k")
        assert done.returncode == 0, done.stderr
        assert len(model.bodies) == 1
    assert (tmp_path / "out" / "made.txt").read_text() == "yes"


@pytest.mark.parametrize(
    "words", [["--report", "github", "--output", "json"], ["--report", "github", "--report", "markdown"]]
)
def test_two_things_on_one_stdout_are_refused(own, alone, words):
    done = llmx("exec", own(ASK, MAKE, ask_j2="n?"), "--backend", "mock", *words)
    assert done.returncode == 2
    assert "both go to stdout" in done.stderr


@pytest.mark.parametrize("folder", ["new", "a/b/new"])
def test_a_run_that_makes_nothing_leaves_no_folder_behind(own, alone, tmp_path, folder):
    name = own('[[phases]]\nid = "x"\nrun = "phases:x"\n', "def x(context):\n    raise ValueError('broken')\n")
    done = llmx("exec", name, "--output-dir", folder)
    assert (done.returncode, "broken" in done.stderr) == (1, True)
    assert [each.name for each in tmp_path.iterdir()] == ["own"]
