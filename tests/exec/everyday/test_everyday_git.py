"""Git, as every agent uses it."""

import pytest

ACTIONS = {
    "commit": """
        echo two > file; git commit -qam second; git log -1 --format='%an <%ae>' | grep -q 'Ada <ada@example.org>'""",
    "amend": "git commit -q --amend -m again; git log -1 --format=%s | grep -qx again",
    "stash": "echo two > file; git stash -q; grep -qx one file; git stash pop -q; grep -qx two file",
    "branch and merge": """
        git switch -qc side; echo two > other; git add other; git commit -qm side
        git switch -q main; git merge -q --no-ff -m merged side; test -f other""",
    "checkout of a branch that changes AGENTS.md": """
        git switch -qc side; echo on side > AGENTS.md; git commit -qam side
        git switch -q main; grep -qx 'on main' AGENTS.md; git switch -q side; grep -qx 'on side' AGENTS.md""",
    "checkout of a branch with editor folders": """
        git switch -qc side; mkdir .vscode .claude; tee .vscode/s .claude/s >/dev/null <<< '{}'; git add -A
        git commit -qm side; git switch -q main; test ! -e .vscode; git switch -q side; test -f .claude/*""",
    "rebase": """
        git switch -qc side; echo two > other; git add other; git commit -qm side
        git switch -q main; echo two > file; git commit -qam main; git switch -q side; git rebase -q main
        test $(git rev-list --count HEAD) = 3""",
    "cherry-pick": """
        git switch -qc side; echo two > other; git add other; git commit -qm side
        git switch -q main; git cherry-pick side >/dev/null; test -f other""",
    "reset and clean": """
        echo two > file; touch new; git reset -q --hard; git clean -qfd; grep -qx one file; test ! -e new""",
    "tag": "git tag -a v1 -m one; git describe | grep -qx v1",
    "worktree inside the project": """
        git worktree add -q wt -b side; cd wt; echo two > file; git commit -qam side; git -C .. worktree remove wt""",
    "submodule": """
        git init -q lib; (cd lib; git commit -q --allow-empty -m lib)
        git -c protocol.file.allow=always submodule --quiet add ./lib sub; git commit -qm sub; git submodule status""",
    "patch": "echo two > file; git diff > p; git checkout -q file; git apply p; grep -qx two file",
    "garbage collection": "git gc -q; git fsck --no-progress",
    "new repository": """
        git init -q new; cd new; git commit -q --allow-empty -m first; git log -1 --format=%an | grep -qx Ada""",
    "clone of the project": "git clone -q . copy; test $(git -C copy rev-parse HEAD) = $(git rev-parse HEAD)",
    "archive": "git archive HEAD | tar t | grep -qx file",
    "blame and grep": "git blame file | grep -q Ada; git grep -q one",
    "bisect": """
        for n in 1 2 3; do echo $n > n; git add n; git commit -qm $n; done
        git bisect start HEAD HEAD~3 >/dev/null; git bisect run sh -c '! grep -q 3 n' > said
        grep -q 'first bad commit' said""",
    "a key of no danger": "git config branch.main.description words; git config --get branch.main.description",
    "sparse checkout": "git sparse-checkout set --no-cone file; test ! -e AGENTS.md; git sparse-checkout disable",
    "notes": "git notes add -m noted; git notes show | grep -qx noted",
    "reflog and restore": "git reset -q --hard; echo two > file; git restore file; git reflog | grep -q first",
}


@pytest.mark.parametrize("script", ACTIONS.values(), ids=ACTIONS)
def test_git(project, script):
    project.run(script)


def test_what_git_has_done_inside_is_there_outside(project):
    project.run("echo two > file; git commit -qam second")
    assert project.outside("git log --format=%s") == "second\nfirst\n"
    assert project.outside("git status --porcelain") == ""


def test_a_commit_from_a_subdirectory(project):
    project.write("work/sub/deep/there", "")
    project.run("echo new > new; git add new; git commit -qm deep; test -w ../../file", cwd=project.work / "sub/deep")
    assert project.outside("git log -1 --format=%s") == "deep\n"


def test_a_hook_of_the_projects_own_runs_at_a_commit(project):
    project.write("work/.git/hooks/pre-commit", "#!/bin/sh\ntouch ran\n", mode=0o755)
    result = project.run("git commit -q --allow-empty -m second; test -f ran")
    assert "changed_sensitive" not in result


def test_a_commit_in_a_linked_worktree(project):
    project.outside("git worktree add -q ../linked -b side")
    project.run("echo two > file; git commit -qam side; git stash list; git gc -q", cwd=project.home / "linked")
    assert project.outside("git log -1 --format=%s side") == "side\n"


def test_a_linked_worktree_made_by_git_itself_is_complete_after_a_run_in_it(project):
    project.outside("git worktree add -q ../linked -b side")
    project.run("git switch -q -c third; git commit -q --allow-empty -m x", cwd=project.home / "linked")
    assert "linked" in project.outside("git worktree list")


def test_a_push_to_a_remote_on_this_machine(project):
    project.outside("git init -q --bare ../remote.git && git remote add origin ../remote.git")
    project.run("git push -q -u origin main", "--write", "../remote.git")
    assert project.outside("git rev-parse origin/main main").split()[0] == project.outside("git rev-parse main").strip()
    assert project.outside("git -C ../remote.git log -1 --format=%s") == "first\n"
    assert project.outside("git config branch.main.remote") == "origin\n", "push -u has remembered it"


def test_a_pull_from_a_remote_on_this_machine(project):
    project.outside("git init -q --bare ../remote.git && git push -q ../remote.git main")
    project.outside("git clone -q remote.git other && cd other && git commit -q --allow-empty -m theirs && git push -q",
                    cwd=project.home)  # fmt: skip
    project.run("git remote add origin ../remote.git; git pull -q origin main", "--read", "../remote.git")
    assert project.outside("git log -1 --format=%s") == "theirs\n"


def test_a_submodule_from_another_project(project):
    project.outside("git init -q lib && cd lib && git commit -q --allow-empty -m lib", cwd=project.home)
    script = "git -c protocol.file.allow=always submodule --quiet add {0}/lib sub; git commit -qm sub; test -f sub/.git"
    project.run(script.format(project.home), "--read", "../lib")
    assert "sub" in project.outside("git submodule status")


def test_a_commit_inside_a_submodule(project):
    project.outside("git init -q lib && cd lib && git commit -q --allow-empty -m lib", cwd=project.home)
    project.outside("git -c protocol.file.allow=always submodule --quiet add ../lib sub 2>&1; git commit -qm sub")
    project.run("echo two > new; git add new; git commit -qm inside", cwd=project.work / "sub")
    assert project.outside("git -C sub log -1 --format=%s") == "inside\n"
