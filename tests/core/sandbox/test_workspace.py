"""Which folder is the work tree, which git folders belong to it, and what is never opened as a whole."""

import os
import subprocess

import pytest

from llmx.core.sandbox.workspace import find_work, holds_secrets, refusal
from llmx.errors import ExecError

GIT = ["git", "-c", "user.name=Ada", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]


def git(folder, *words):
    subprocess.run([*GIT, "-c", "protocol.file.allow=always", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(home):
    """A repository with one commit, in the home folder."""
    folder = home / "code/main"
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "one")
    return folder


def work(folder, home):
    return find_work(os.path.realpath(folder), str(home))


def test_a_folder_below_a_repository_belongs_to_it(repository, home):
    (repository / "a/b").mkdir(parents=True)
    assert work(repository / "a/b", home) == (str(repository), [])
    assert work(repository, home) == (str(repository), [])
    assert work(repository / ".git", home) == (str(repository), [])


def test_a_folder_without_a_repository_is_its_own_work_tree(home):
    (home / "code/a").mkdir(parents=True)
    (home / "code/.git").mkdir()  # empty: no repository
    assert work(home / "code/a", home) == (str(home / "code/a"), [])


def test_the_innermost_repository_counts(repository, home):
    (repository / "inner/x").mkdir(parents=True)
    git(repository / "inner", "init", "-q")
    assert work(repository / "inner/x", home) == (str(repository / "inner"), [])


def test_a_home_folder_under_git_opens_no_home_folder(home):
    git(home, "init", "-q")
    (home / "project").mkdir()
    assert work(home / "project", home) == (str(home / "project"), [])


def test_a_linked_worktree_comes_with_the_shared_git_folder(repository, home):
    git(repository, "worktree", "add", "-q", "../tree")
    (home / "code/tree/sub").mkdir()
    assert work(home / "code/tree/sub", home) == (str(home / "code/tree"), [str(repository / ".git")])


def test_a_linked_worktree_of_a_bare_repository_does_too(repository, home):
    git(home, "clone", "-q", "--bare", str(repository), "bare.git")
    git(home / "bare.git", "worktree", "add", "-q", "../tree", "main")
    assert work(home / "tree", home) == (str(home / "tree"), [str(home / "bare.git")])


def test_a_worktree_inside_its_repository_still_needs_the_shared_git_folder(repository, home):
    git(repository, "worktree", "add", "-q", "trees/one")
    assert work(repository / "trees/one", home) == (str(repository / "trees/one"), [str(repository / ".git")])


def test_a_submodule_comes_with_its_own_git_folder_only(repository, home):
    above = home / "code/above"
    above.mkdir()
    git(above, "init", "-q")
    git(above, "submodule", "add", "-q", str(repository), "lib/sub")
    assert work(above / "lib/sub", home) == (str(above / "lib/sub"), [str(above / ".git/modules/lib/sub")])


def attack_plain(victim, _work):
    return f"gitdir: {victim}\n"


def attack_relative(victim, work):
    return f"gitdir: {os.path.relpath(victim, work)}\n"


def attack_with_a_repository(victim, _work):
    (victim / "objects").mkdir()
    (victim / "HEAD").write_text("ref: refs/heads/main\n")
    return f"gitdir: {victim}\n"


def attack_with_the_way_back_in_the_work_tree(victim, work):
    own = work / "fake/worktrees/x"
    own.mkdir(parents=True)
    (own / "gitdir").write_text(f"{work}/.git\n")
    (own / "commondir").write_text(f"{victim}\n")
    return f"gitdir: {own}\n"


def attack_through_a_link(victim, work):
    (work / "link").symlink_to(victim)
    return "gitdir: link\n"


def attack_with_a_way_back_to_somebody_else(victim, work):
    own = victim / "worktrees/x"
    own.mkdir(parents=True)
    (own / "gitdir").write_text(f"{work}-other/.git\n")
    (own / "commondir").write_text("../..\n")
    attack_with_a_repository(victim, work)
    return f"gitdir: {own}\n"


@pytest.mark.parametrize("place", ["code/.victim", ".ssh", "code/x/.git/modules/y"])
@pytest.mark.parametrize(
    "attack",
    [
        attack_plain,
        attack_relative,
        attack_with_a_repository,
        attack_with_the_way_back_in_the_work_tree,
        attack_through_a_link,
        attack_with_a_way_back_to_somebody_else,
    ],
)
def test_a_git_file_opens_no_folder_that_does_not_name_it_in_turn(home, attack, place):
    victim, folder = home / place, home / "code/untrusted"
    victim.mkdir(parents=True)
    folder.mkdir(parents=True)
    (folder / ".git").write_text(attack(victim, folder))
    assert work(folder, home) == (str(folder), [])


def test_a_linked_git_folder_opens_nothing_unless_it_names_the_work_tree(repository, home):
    other = home / "code/other"
    other.mkdir()
    (other / ".git").symlink_to(repository / ".git")
    assert work(other, home) == (str(other), [])
    os.mkfifo(home / "code/pipe")
    (other / ".git").unlink()
    (other / ".git").symlink_to(home / "code/pipe")
    assert work(other, home) == (str(other), [])


@pytest.mark.parametrize("text", ["", "gitdir: ", "nonsense\n", "\xff\xfe", "gitdir: \0\n"])
def test_a_git_file_that_is_none_is_no_repository(home, text):
    folder = home / "code/odd"
    folder.mkdir(parents=True)
    (folder / ".git").write_bytes(text.encode("latin-1"))
    assert work(folder, home) == (str(folder), [])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_strangers_repository_above_widens_nothing(home, ordinary_user, monkeypatch):
    (home / "shared/mine").mkdir(parents=True)
    git(home / "shared", "init", "-q")
    os.chown(home / "shared/.git", 4242, 4242)
    monkeypatch.setattr(os, "getuid", lambda: ordinary_user.pw_uid)
    assert work(home / "shared/mine", home) == (str(home / "shared/mine"), [])


@pytest.mark.parametrize(
    "folder",
    str.split(
        "/ /tmp /var/tmp /run /etc /etc/ssh /usr /usr/bin /usr/lib/x /bin /lib64 /opt /boot /dev "
        "/dev/shm /proc /proc/1 /sys /var /var/lib /home /root /nix/store/x"
    ),
)
def test_system_folders_are_never_the_work_tree(folder, home):
    with pytest.raises(ExecError, match="cannot be opened") as caught:
        find_work(folder, str(home))
    assert caught.value.code == "sandbox"
    assert "--cwd DIR" in str(caught.value.hint)
    assert "--no-sandbox" in str(caught.value.hint)


@pytest.mark.parametrize("name", [".", "..", ".ssh", ".ssh/x", ".aws", ".config", ".local/share", ".cargo", ".cache"])
def test_neither_is_the_home_folder_nor_where_credentials_lie(home, name):
    (home / name).mkdir(parents=True, exist_ok=True)
    with pytest.raises(ExecError):
        work(home / name, home)


@pytest.mark.parametrize("folder", ["/opt/app", "/srv/x", "/usr/src/app", "/var/www/html", "/mnt/disk", "/tmp/x"])
def test_folders_below_wide_ones_may_be_projects(folder, home):
    assert refusal(folder, str(home)) == ""
    assert find_work(folder, str(home)) == (folder, [])


def test_another_users_home_folder_is_refused(home, ordinary_user):
    if ordinary_user.pw_dir.startswith("/home/"):
        assert refusal(ordinary_user.pw_dir, str(home)) == "it is somebody's home folder"
    assert refusal("/home/no-such-user-folder", str(home)) == ""


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (".ssh", True),
        (".ssh/id", True),
        (".config", True),
        (".config/git", True),
        (".config/git/config", False),
        (".config/git/credentials", True),
        (".sshx", False),
        ("code", False),
        (".cargo", True),
        (".cargo/bin", False),
    ],
)
def test_credentials_are_known_by_their_place(name, secret):
    assert holds_secrets(f"/home/ada/{name}", "/home/ada") is secret
    assert holds_secrets("/home", "/home/ada")
    assert not holds_secrets("/srv/x", "/home/ada")
