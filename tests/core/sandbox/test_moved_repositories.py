"""What git, editors or agents run later was put together under another name, and a command only renames it."""

import shutil

import pytest

from tests.core.sandbox.git_places import HOOK, Project, changes

EVIL = "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = evil\n"


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "work")


def make(project, place, *, bare=True):
    """A repository in ``place``, without the folders that a clone cannot bring along; its root."""
    (project.root / place).mkdir(parents=True)
    project.git("init", "-q", *(["--bare"] if bare else []), place)
    return project.root / place


def test_a_repository_below_that_only_got_its_name_is_reported_where_it_runs_programs(project):
    made = make(project, "sub/dotgit")
    (made / "config").write_text(EVIL)
    project.write("sub/dotgit/hooks/post-checkout", HOOK, 0o755)
    report = project.run(lambda: made.rename(project.root / "sub/.git"))
    assert changes(report) == {"sub/.git/config": "changed", "sub/.git/hooks/post-checkout": "changed"}


def test_a_repository_below_that_was_used_and_runs_nothing_is_not_reported(project):
    make(project, "sub", bare=False)
    project.git("commit", "-q", "--allow-empty", "-m", "first", cwd=project.root / "sub")
    project.git("config", "remote.origin.url", "x", cwd=project.root / "sub")

    def use():
        project.git("commit", "-q", "--allow-empty", "-m", "second", cwd=project.root / "sub")

    assert changes(project.run(use)) == {}


def test_a_bare_repository_that_only_got_its_last_name_is_reported(project):
    made = make(project, "sub")
    (made / "config").write_text(EVIL)
    (made / "objects").rename(made / "things")
    assert changes(project.run(lambda: (made / "things").rename(made / "objects"))) == {"sub/config": "changed"}


@pytest.mark.parametrize("text", ["gitdir: ../.git/evil\n", "gitdir: ../.git/modules/../evil\n"])
def test_a_pointer_to_a_git_folder_that_nobody_compares_is_reported(project, text):
    def forge():
        shutil.copytree(project.root / ".git", project.root / ".git/evil", ignore=shutil.ignore_patterns("evil"))
        (project.root / ".git/evil/config").write_text(EVIL)
        project.write("sub/.git", text)

    assert changes(project.run(forge)) == {"sub/.git": "changed"}


def test_a_pointer_along_a_link_is_followed_as_git_follows_it(project):
    def forge():
        make(project, "fake/.git/modules/x")
        (project.root / "fake/d").mkdir()
        (project.root / "link").symlink_to("fake/d")
        project.write("sub/.git", f"gitdir: {project.root}/link/../.git/modules/x\n")

    assert changes(project.run(forge))["sub/.git"] == "changed"


def test_a_git_folder_deeper_than_any_submodule_is_taken_away(project):
    place = ".git/modules/" + "/".join("abcdefghijklmnop")

    def forge():
        make(project, place)
        project.write(f"{place}/config", EVIL)
        project.write("sub/.git", f"gitdir: ../{place}\n")

    report = project.run(forge)
    (taken,) = [path for path, what in changes(report).items() if what == "added put back"]
    assert place.startswith(taken)
    assert not (project.root / place).exists()


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "x" * 200])
def test_a_name_as_long_as_any_may_be_is_taken_away_as_well(project, name):
    report = project.run(
        lambda: project.write(f".git/hooks/{name}", HOOK, 0o755),
        (project.root / ".git/modules").mkdir,
        lambda: (project.root / ".git/modules" / name).symlink_to("/tmp"),
    )
    told = {f".git/hooks/{name}": "added put back", f".git/modules/{name}": "added put back"}
    assert changes(report).items() >= told.items()
    assert report.complete
    assert not (project.root / ".git/hooks" / name).exists()
    assert not (project.root / ".git/modules" / name).is_symlink()


@pytest.mark.parametrize("folder", [".vscode", ".claude"])
def test_a_folder_of_an_editor_or_agent_that_was_renamed_is_reported(project, folder):
    project.write("sub/innocent/tasks.json", "{}")
    report = project.run(lambda: (project.root / "sub/innocent").rename(project.root / "sub" / folder))
    assert changes(report) == {f"sub/{folder}": "changed"}


def test_what_another_program_reads_in_the_git_folder_is_reported(project):
    report = project.run(lambda: project.write(".git/lazygit.yml", "customCommands: []\n"))
    assert changes(report) == {".git/lazygit.yml": "added"}


@pytest.mark.parametrize("key", ["remote.origin.url", "remote.origin.pushurl"])
def test_a_remote_that_leads_elsewhere_is_reported_and_stays(project, key):
    project.git("remote", "add", "origin", "https://example.org/x.git")
    report = project.run(lambda: project.git("config", key, "https://evil.example/x.git"))
    assert report.changed == [{"path": ".git/config", "change": "modified", "keys": [key]}]
    assert project.git("config", key) == "https://evil.example/x.git\n"


def test_a_remote_that_leads_elsewhere_is_reported_beside_what_is_put_back(project):
    project.git("remote", "add", "origin", "https://example.org/x.git")
    report = project.run("config remote.origin.url x", "config core.fsmonitor evil")
    assert [(one["keys"], "put_back" in one) for one in report.changed] == [
        (["remote.origin.url"], False),
        (["core.fsmonitor"], True),
    ]


def test_a_new_remote_one_that_goes_and_what_is_fetched_are_a_commands_own_business(project):
    project.git("remote", "add", "origin", "https://example.org/x.git")
    words = ("remote add other x", "config remote.origin.fetch +refs/heads/*:refs/x/*", "remote remove origin")
    assert project.run(*words).changed == []
