"""The work tree of a folder: what a command may write, and which folders are never opened for it."""

import os

from llmx.errors import ExecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SYSTEM = frozenset(
    str.split(
        "/ /home /media /mnt /nix /opt /private /private/tmp /private/var /root /run /snap /srv /tmp /usr /usr/local"
        " /usr/src /var /var/cache /var/lib /var/log /var/run /var/spool /var/tmp /Users /Volumes"
    )
)
"""Too wide to be opened as a whole; a folder below one of these may well be a project."""

_SYSTEM_TREES = tuple(
    str.split(
        "/bin/ /boot/ /dev/ /etc/ /lib/ /lib32/ /lib64/ /libx32/ /nix/store/ /proc/ /sbin/ /sys/ /usr/bin/"
        " /usr/include/ /usr/lib/ /usr/lib32/ /usr/lib64/ /usr/libexec/ /usr/local/bin/ /usr/local/lib/"
        " /usr/local/sbin/ /usr/sbin/ /usr/share/ /Applications/ /Library/ /System/ /private/etc/"
    )
)

_SECRETS = tuple(
    f"{name}/"
    for name in str.split(
        ".aws .azure .cargo/credentials .cargo/credentials.toml .cache/huggingface/token .claude/.credentials.json"
        " .codex/auth.json .config/chromium .config/containers .config/doctl .config/gcloud .config/gh"
        " .config/git/credentials .config/glab-cli .config/google-chrome .config/hub .config/llmx .config/op"
        " .config/rclone .config/sops .docker .gem/credentials .git-credentials .gnupg .huggingface .kube"
        " .local/share/keyrings .local/share/llm-exec.log .local/share/uv/credentials .local/state/llmx"
        " .m2/settings.xml .mozilla .netrc .npmrc .password-store .pgpass .pki .pulumi .pypirc .ssh .terraform.d"
        " .thunderbird .vault-token Library/Keychains"
    )
)
"""Where credentials lie below a home folder."""

_SIGNS_OF_A_HOME = (".bashrc", ".profile", ".ssh", ".zshrc")


def is_below(path: str, root: str) -> bool:
    """Whether ``path`` is ``root`` or inside it."""
    return path == root or path.startswith(f"{root.rstrip('/')}/")


def is_below_any(path: str, roots: "Iterable[str]") -> bool:
    """Whether ``path`` is one of ``roots`` or inside one."""
    return any(is_below(path, root) for root in roots)


def holds_secrets(path: str, home: str) -> bool:
    """Whether ``path`` is ``home``, above it, among its known credentials, or has some of those below."""
    if is_below(home, path):
        return True
    if not path.startswith(f"{home}/"):
        return False
    inside = f"{path[len(home) + 1 :]}/"
    return any(inside.startswith(secret) or secret.startswith(inside) for secret in _SECRETS)


def is_of_the_system(path: str) -> bool:
    """Whether ``path`` (a real one) lies where nothing is ever opened for writing."""
    return f"{path}/".startswith(_SYSTEM_TREES)


def refusal(folder: str, home: str) -> str:
    """Why ``folder`` (a real path) is never opened for writing as a whole; "" when it may be."""
    if folder == home:
        return "it is your home folder"
    if folder in SYSTEM or is_of_the_system(folder):
        return "it belongs to the system"
    if is_below(home, folder):
        return "your home folder is inside it"
    if folder.startswith(("/home/", "/Users/")) and folder.count("/") == 2 and _looks_like_a_home(folder):
        return "it is somebody's home folder"
    return ""


def _looks_like_a_home(folder: str) -> bool:
    return any(os.path.lexists(f"{folder}/{name}") for name in _SIGNS_OF_A_HOME)


def find_work(cwd: str, home: str) -> tuple[str, list[str]]:
    """The root of the git work tree that contains ``cwd`` (else ``cwd`` itself), and its git folders outside.

    Both are real paths. Raises ``ExecError`` when that root is nothing to be written to as a whole.
    """
    reason = refusal(cwd, home) or ("credentials are kept there" if holds_secrets(cwd, home) else "")
    if reason:
        raise ExecError(
            f"{cwd} cannot be opened for the command to write in: {reason}",
            code="sandbox",
            hint="--cwd DIR names a project's folder to run in; --no-sandbox runs without a sandbox",
        )
    folder = cwd
    while not refusal(folder, home):
        if (outside := _git_folders(folder)) is not None:
            if holds_secrets(folder, home):
                break
            return folder, [found for found in outside if not refusal(found, home) and not holds_secrets(found, home)]
        folder = os.path.dirname(folder)
    return cwd, []


def _git_folders(folder: str) -> list[str] | None:
    """The git folders of the work tree ``folder`` that lie outside of it; None when it is no work tree."""
    entry = f"{folder}/.git"
    try:
        status = os.lstat(entry)
    except OSError:
        return None
    if status.st_uid not in (os.getuid(), 0) and os.getuid() != 0:  # git does not trust a stranger's either
        return None
    kind = status.st_mode & 0o170000
    if kind == 0o040000:  # S_IFDIR
        return [] if os.path.lexists(f"{entry}/HEAD") else None
    pointed = _pointed_to(entry) if kind == 0o100000 else entry  # S_IFREG
    if not pointed:
        return None
    target = os.path.realpath(os.path.join(folder, pointed))
    return [] if is_below(target, folder) else _belonging(target, folder)


def inner_git_folder(work: str) -> str:
    """The git folder in ``work`` that is not its ``.git``: what that names, or all of it if it is bare; "" for none."""
    entry = f"{work}/.git"
    try:
        kind = os.lstat(entry).st_mode & 0o170000
    except OSError:
        return work if _is_repository(work) and os.path.isdir(f"{work}/refs") else ""
    if kind == 0o040000:  # S_IFDIR
        return ""
    pointed = _pointed_to(entry) if kind == 0o100000 else entry  # S_IFREG
    target = os.path.realpath(os.path.join(work, pointed)) if pointed else ""
    return target if target and is_below(target, work) else ""


def _pointed_to(entry: str) -> str:
    """The path in a ``.git`` file, "" when it is none."""
    text = _first_line(entry)
    return text[8:] if text.startswith("gitdir: ") else ""


def _belonging(target: str, folder: str) -> list[str]:
    """What to open of the git folder ``target`` for the work tree ``folder``: nothing unless it names it in turn.

    A repository's author writes the ``.git`` file, and could name anything in it; the folder that it names is the
    user's, and only git puts the way back there.
    """
    worktrees = os.path.dirname(target)
    common = os.path.dirname(worktrees)
    if (back := _first_line(f"{target}/gitdir")) and os.path.basename(worktrees) == "worktrees":
        way_back = os.path.join(target, back)
        named = os.path.join(os.path.realpath(os.path.dirname(way_back)), os.path.basename(way_back))
        shared = os.path.realpath(os.path.join(target, _first_line(f"{target}/commondir")))
        return [common] if named == f"{folder}/.git" and shared == common and _is_repository(common) else []
    if "/modules/" in target and _is_repository(target) and _work_tree_of(target) == folder:
        return [target]
    return []


def _is_repository(folder: str) -> bool:
    return os.path.lexists(f"{folder}/HEAD") and os.path.isdir(f"{folder}/objects")


def _work_tree_of(git_folder: str) -> str:
    """What ``core.worktree`` in its configuration says, as a real path; "" when it says nothing."""
    for line in _text(f"{git_folder}/config").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "worktree":
            return os.path.realpath(os.path.join(git_folder, value.strip().strip('"')))
    return ""


def _first_line(file: str) -> str:
    return _text(file).partition("\n")[0].rstrip("\r")


def _text(file: str) -> str:
    """What a small file of text holds; "" for anything else (a pipe in its place is not waited for)."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        data = os.read(descriptor, 65536)
        return "" if b"\0" in data else data.decode(errors="surrogateescape")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
