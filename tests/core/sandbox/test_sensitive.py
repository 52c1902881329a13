"""Files that run later: what everyday work with git changes, what is put back, and what is only reported."""

import os
import subprocess

import pytest

from tests.core.sandbox.git_places import HOOK, Project, changes, kept


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "work")


@pytest.fixture
def other(tmp_path):
    """Another repository, to push to and to take in."""
    one = Project(tmp_path / "other")
    one.git("config", "receive.denyCurrentBranch", "ignore")
    return one


def test_a_run_that_changes_nothing_has_nothing_to_report(project):
    report = project.run("status", "log")
    assert (report.changed, report.complete, report.hints) == ([], True, [])


def test_a_folder_without_git_is_looked_at_too(tmp_path):
    (tmp_path / "work").mkdir()
    project = Project.__new__(Project)
    project.root, project.git_dirs = tmp_path / "work", []
    assert changes(project.run(lambda: project.write("CLAUDE.md", "x"))) == {"CLAUDE.md": "added"}


@pytest.mark.parametrize(
    "path",
    [
        *("AGENTS.md", "CLAUDE.md", "GEMINI.md", ".mcp.json", ".envrc", ".env", ".cursorrules"),
        *(".vscode/tasks.json", ".idea/workspace.xml", ".claude/settings.json", ".cursor/rules/x.mdc"),
        *(".codex/config.toml", ".gemini/settings.json", ".github/copilot-instructions.md", ".husky/pre-commit"),
        *("x.code-workspace", "deep/er/AGENTS.md", "deep/.vscode/tasks.json", "deep/.envrc", ".pre-commit-config.yaml"),
        *(".helix/languages.toml", ".config/mise.toml", ".github/hooks/x.json", "deep/.Rprofile", "deep/.gdbinit"),
    ],
)
def test_a_new_file_for_an_editor_an_agent_or_a_shell_is_reported_and_stays(project, path):
    (project.root / "AGENTS.md").unlink()
    (project.root / "deep/er").mkdir(parents=True)
    report = project.run(lambda: project.write(path, "new"))
    known = "changed" if path.startswith(("deep", "x.")) else "added"
    assert changes(report) == {path: known}
    assert project.read(path) == b"new"
    assert not report.hints


NAMED = {
    "core.hooksPath": ("tools/hooks/pre-commit", ["git config core.hooksPath tools/hooks"]),
    "include.path": (".gitsettings", ["git config include.path ../.gitsettings"]),
    "a hook that is a link": ("tools/check", ["ln -s ../../tools/check .git/hooks/pre-commit"]),
}


@pytest.mark.parametrize(("path", "make"), NAMED.values(), ids=NAMED)
def test_a_file_of_the_project_that_git_was_told_to_use_is_reported_and_stays(project, path, make):
    project.write(path, "[user]\n", 0o755)
    for line in make:
        subprocess.run(line.split(), cwd=project.root, check=True)
    assert changes(project.run("status")) == {}
    assert changes(project.run(lambda: project.write(path, "[core]\n"))) == {path: "changed"}
    assert project.read(path) == b"[core]\n"


@pytest.mark.parametrize("opened", ["", "/.git"])
def test_a_hook_in_another_repository_that_was_opened_by_name_is_reported(project, other, opened):
    hook = other.root / ".git/hooks/post-checkout"
    report = project.run(lambda: hook.write_text("new"), allowed=[f"{other.root}{opened}"])
    assert changes(report) == {str(hook): "added"}
    assert hook.read_text() == "new"


def test_a_file_modified_or_removed_is_told_apart(project):
    project.write(".vscode/settings.json", "{}")
    project.write(".vscode/tasks.json", "{}")
    project.write(".claude/x", "1")
    report = project.run(
        lambda: project.write(".vscode/tasks.json", "[]"),
        (project.root / ".claude/x").unlink,
        lambda: os.utime(project.root / "AGENTS.md"),
    )
    assert changes(report) == {".vscode/tasks.json": "modified", ".claude/x": "removed"}


def test_a_checkout_that_changes_the_instructions_is_reported_and_works(project):
    project.git("checkout", "-q", "-b", "other")
    project.write("AGENTS.md", "be quick\n")
    project.commit("quick")
    project.git("checkout", "-q", "main")
    assert changes(project.run("checkout -q other")) == {"AGENTS.md": "modified"}
    assert project.read("AGENTS.md") == b"be quick\n"


def test_what_is_as_before_in_the_end_is_not_reported(project):
    project.write("AGENTS.md", "not committed\n")
    assert project.run("stash -q", "stash pop -q").changed == []
    assert changes(project.run("stash -q")) == {"AGENTS.md": "modified"}


def test_a_remote_a_push_and_an_identity_survive(project, other):
    before = project.state()
    other.git("checkout", "-q", "--detach")
    report = project.run(
        f"remote add origin {other.root}", "push -q -f -u origin main", "config user.name Somebody", "branch extra"
    )
    assert report.changed == []
    assert project.git("config", "branch.main.merge").strip() == "refs/heads/main"
    assert project.git("config", "--local", "user.name").strip() == "Somebody"
    assert project.state()[0] == before[0]


def test_a_submodule_can_be_added_and_used(project, other):
    report = project.run(f"submodule add -q {other.root} lib/sub", "commit -q -m sub")
    assert changes(report) == {"lib/sub/AGENTS.md": "changed"}
    assert project.run("submodule update --init").changed == []
    assert project.git("submodule", "status").strip().endswith("(heads/main)")


def test_a_hook_and_a_setting_of_a_submodule_are_put_back(project, other):
    project.run(f"submodule add -q {other.root} sub")
    inside = ".git/modules/sub"
    before = project.read(f"{inside}/config")
    report = project.run(
        lambda: project.write(f"{inside}/hooks/post-checkout", "evil", 0o755),
        lambda: project.git("config", "core.fsmonitor", "./evil", cwd=project.root / "sub"),
    )
    assert changes(report) == {
        f"{inside}/hooks/post-checkout": "added put back",
        f"{inside}/config": "modified put back",
    }
    assert project.read(f"{inside}/config") == before
    assert not (project.root / inside / "hooks/post-checkout").exists()


def test_a_worktree_can_be_added_used_and_removed(project):
    assert changes(project.run("worktree add -q tree", "worktree list")) == {"tree/AGENTS.md": "changed"}
    (project.root / "tree/new").write_text("x")
    assert (
        project.run(
            lambda: project.git("add", "new", cwd=project.root / "tree"),
            lambda: project.git("commit", "-q", "-m", "in tree", cwd=project.root / "tree"),
            "worktree remove tree",
        ).changed
        == []
    )


def test_from_a_linked_worktree_the_hooks_of_the_repository_are_put_back(project, tmp_path):
    project.git("worktree", "add", "-q", str(tmp_path / "tree"))
    before = project.state()
    linked = Project.__new__(Project)
    linked.root, linked.git_dirs = tmp_path / "tree", [str(project.root / ".git")]
    report = linked.run(
        lambda: project.write(".git/hooks/pre-commit", "evil", 0o755),
        "config alias.st !evil",
        lambda: project.write(".git/worktrees/tree/commondir", "/tmp/evil\n"),
    )
    git = project.root / ".git"
    assert changes(report) == {
        f"{git}/hooks/pre-commit": "added put back",
        f"{git}/worktrees/tree/commondir": "modified put back",
        f"{git}/config": "modified put back",
    }
    assert project.state() == before
    assert (git / "worktrees/tree/commondir").read_bytes() == b"../..\n"
    assert linked.git("rev-parse", "--show-toplevel").strip() == str(linked.root)


def test_hooks_and_filters_of_git_lfs_are_put_back_with_a_hint(project):
    """What ``git lfs install --local`` writes; git-lfs itself need not be installed for that."""
    before = project.state()
    lines = [("clean", "git-lfs clean -- %f"), ("smudge", "git-lfs smudge -- %f"), ("required", "true")]
    report = project.run(
        *(lambda line=line: project.git("config", f"filter.lfs.{line[0]}", line[1]) for line in lines),
        "config lfs.repositoryformatversion 0",
        lambda: project.write(".git/hooks/post-merge", "git lfs post-merge", 0o755),
        lambda: project.write(".git/hooks/pre-push", "git lfs pre-push", 0o755),
    )
    assert changes(report) == {
        ".git/config": "modified put back",
        ".git/hooks/post-merge": "added put back",
        ".git/hooks/pre-push": "modified put back",
    }
    assert report.changed[0]["keys"] == ["filter.lfs.clean", "filter.lfs.required", "filter.lfs.smudge"]
    assert project.state()[0] == before[0]
    assert project.git("config", "lfs.repositoryformatversion").strip() == "0"
    assert "filter" not in project.git("config", "--local", "--list")
    assert kept(report, ".git/hooks/pre-push") == b"git lfs pre-push"
    assert b"git-lfs clean" in kept(report, ".git/config")
    assert "--write .git" in report.hints[0]


def test_what_the_caller_has_opened_by_name_stays_and_is_reported(project):
    report = project.run(
        lambda: project.write(".git/hooks/pre-commit", "wanted", 0o755),
        "config core.hooksPath .husky",
        allowed=[str(project.root / ".git")],
    )
    assert changes(report) == {".git/config": "modified", ".git/hooks/pre-commit": "added"}
    assert project.read(".git/hooks/pre-commit") == b"wanted"
    assert project.git("config", "core.hooksPath").strip() == ".husky"
    assert not report.hints


def test_a_hook_comes_back_with_its_mode_when_it_was_removed_or_made_inert(project):
    before = project.state()
    hook = project.root / ".git/hooks/pre-push"
    assert changes(project.run(hook.unlink)) == {".git/hooks/pre-push": "removed put back"}
    assert project.state() == before
    assert changes(project.run(lambda: hook.chmod(0o644))) == {".git/hooks/pre-push": "modified put back"}
    assert project.state() == before


def test_examples_of_hooks_are_nobodys_concern(project):
    assert project.run(lambda: project.write(".git/hooks/x.sample", "x")).changed == []


@pytest.mark.parametrize("kind", ["init -q new", "init -q --bare new"])
def test_a_new_repository_is_reported_with_its_hooks_and_stays(project, kind):
    place = "new" if "bare" in kind else "new/.git"
    report = project.run(kind, lambda: project.write(f"{place}/hooks/pre-commit", HOOK, 0o755))
    assert project.read(f"{place}/hooks/pre-commit") == HOOK
    found = changes(report)
    if "bare" in kind:
        assert {"new/config", "new/HEAD"} <= set(found)
    else:
        assert found == {"new/.git": "changed", "new/.git/config": "changed", "new/.git/hooks/pre-commit": "changed"}


def test_a_first_repository_is_reported_and_stays(tmp_path):
    (tmp_path / "work").mkdir()
    project = Project.__new__(Project)
    project.root, project.git_dirs = tmp_path / "work", []
    report = project.run(
        "init -q",
        lambda: project.write(".git/hooks/pre-commit", HOOK, 0o755),
        lambda: project.git("config", "core.fsmonitor", "x"),
    )
    assert changes(report) == {".git": "added", ".git/hooks/pre-commit": "added", ".git/config": "added"}
    assert project.read(".git/hooks/pre-commit") == HOOK


def test_the_commands_of_a_rebase_under_way_are_reported(project):
    def begin():
        subprocess.run(
            ["git", "rebase", "-q", "--root", "--exec", "false"], cwd=project.root, capture_output=True, check=False
        )

    project.git("config", "user.name", "N")
    project.git("config", "user.email", "n@example.org")
    assert ".git/rebase-merge/git-rebase-todo" in changes(project.run(begin))


def test_when_the_time_is_not_enough_the_report_is_incomplete(project, monkeypatch):
    for number in range(50):
        (project.root / f"folder{number}").mkdir()
    monkeypatch.setattr("llmx.core.sandbox.nested.LEAST", 0.0)
    monkeypatch.setattr("llmx.core.sandbox.nested.MOST", 0.0)
    assert not project.run("status").complete


def test_another_run_that_began_meanwhile_does_not_bring_back_what_was_taken_away(project):
    before = project.state()
    first = project.look()
    project.write(".git/hooks/pre-push", "evil", 0o755)
    project.write(".git/hooks/pre-commit", "evil", 0o755)
    project.git("config", "core.fsmonitor", "evil")
    project.git("config", "alias.st", "!evil")
    second = project.look()
    assert len(first.compare().changed) == 3
    assert project.state() == before
    second.compare()
    assert project.state() == before


def test_a_run_inside_of_another_does_not_hide_what_the_other_brought(project):
    before = project.state()
    outer = project.look()
    project.write(".git/hooks/pre-push", "evil", 0o755)
    project.git("config", "alias.st", "!evil")
    project.run(lambda: project.write(".git/hooks/pre-push", "x", 0o755), "config alias.st !x")
    assert set(changes(outer.compare())) == {".git/config", ".git/hooks/pre-push"}
    assert project.state() == before
