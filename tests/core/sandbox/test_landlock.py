"""Landlock, for real: what a command can reach under each version of the kernel's interface."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.sandbox import Abilities, enclose, make_plan
from llmx.core.sandbox.degraded import DEGRADED
from llmx.errors import ExecError

ABILITIES = {"bwrap": "", "landlock": 7, "seccomp": True, "problem": "no_bwrap"}


def under(abi=7, **more):
    """The options for the driver that bring a command under Landlock of this ABI."""
    return {"abilities": ABILITIES | {"landlock": abi} | more}


@pytest.fixture(params=range(1, 8), ids=lambda abi: f"abi{abi}")
def abi(request):
    return request.param


def test_a_command_writes_in_its_work_tree_and_its_temporary_folder_only(either_project, abi):
    ran = either_project.shell(
        'echo new > made && mkdir -p a/b && mv made a/made && rm file && echo "$TMPDIR" && '
        'echo x > "$TMPDIR/x" && f=$(mktemp) && stat -c %a "$TMPDIR" && echo x > /dev/null && ls -A',
        **under(abi),
    )
    assert ran.code == 0, ran
    folder, mode, left = ran.out.split()
    assert (mode, left) == ("700", "a")
    assert (either_project.work / "a/made").read_text() == "new\n"
    assert not Path(folder).exists()


PLACES = [
    "$HOME/x",
    "$HOME/code/x",
    "$HOME/.ssh/x",
    "$HOME/.bashrc",
    "/etc/x",
    "/tmp/x-of-landlock",
    "/var/tmp/x",
    "/x",
]


@pytest.mark.parametrize("place", PLACES)
def test_writing_elsewhere_is_refused(either_project, abi, place):
    either_project.make("home/.ssh/id")
    either_project.make("home/.bashrc", "alias\n")
    ran = either_project.shell(f"echo x > {place}", **under(abi))
    assert ran.code == 2, ran
    assert "Permission denied" in ran.err
    assert (either_project.home / ".bashrc").read_text() == "alias\n"
    assert not any(map(os.path.exists, ("/tmp/x-of-landlock", "/etc/x", "/var/tmp/x", "/x")))


def test_what_is_hidden_can_be_neither_read_nor_listed(either_project, abi):
    either_project.make("home/.ssh/id", "key")
    either_project.make("home/code/other/.env", "SECRET=1")
    either_project.make("home/.gitconfig", "[user]\n\tname = Ada\n")
    ran = either_project.shell(
        "cat ~/.gitconfig; for f in ~/.ssh/id ~/code/other/.env; do cat $f; done; ls ~ ~/code /run /tmp /home",
        **under(abi),
    )
    assert ran.out == "[user]\n\tname = Ada\n", ran
    assert ran.err.count("Permission denied") == 7
    program = "import os; print(os.stat(os.path.expanduser('~/.ssh/id')).st_size)"
    assert either_project.run("python3", "-c", program, **under(abi)).out == "3\n"  # as "hidden_names" tells


def test_no_link_leads_out(project, abi):
    project.make("home/.ssh/id", "key")
    project.make("home/outside", "kept")
    ran = project.shell(
        "ln -s ~/outside soft; echo x > soft; cat ~/.ssh/id; ln ~/outside hard; mv ~/outside here; ln -s ~/.ssh keys;"
        " cat keys/id; mv file ~/stolen; rm ~/outside",
        **under(abi),
    )
    assert (ran.out, ran.code) == ("", 1), ran
    assert (project.home / "outside").read_text() == "kept"
    assert sorted(os.listdir(project.work)) == ["file", "keys", "soft"]


def test_a_file_outside_cannot_be_emptied_but_by_the_oldest_kernels_interface(project, abi):
    outside = project.make("home/outside", "kept")
    ran = project.run("python3", "-c", "import os, sys; os.truncate(sys.argv[1], 0)", outside, **under(abi))
    assert (outside.read_text() == "kept") is (abi >= 3), ran
    assert ("truncate_outside" in ran.answer["degraded"]) is (abi < 3)


SOCKETS = """
import socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    for family in socket.AF_INET, socket.AF_INET6:
        try:
            socket.socket(family, kind)
        except OSError as error:
            print(error.errno)
"""


def test_without_network_there_is_no_internet_socket_at_all(either_project, abi):
    ran = either_project.run("python3", "-c", SOCKETS, **under(abi))
    assert ran.out.split() == ["97"] * 4, ran  # EAFNOSUPPORT
    assert {"network_namespace", "private_loopback"} < set(ran.answer["degraded"])
    assert not {"tcp", "udp"} & set(ran.answer["degraded"])


CONNECT = """
import socket, sys
for call, port in (("connect", int(sys.argv[1])), ("bind", 0)):
    try:
        getattr(socket.socket(), call)(("127.0.0.1", port))
        print("through")
    except OSError as error:
        print(error.errno)
"""


@pytest.mark.parametrize("network", ["none", "host"])
def test_where_no_filter_can_be_had_landlock_refuses_tcp_alone(project, abi, network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = project.run(
            *("python3", "-c", CONNECT, server.getsockname()[1]), **under(abi, seccomp=False), network=network
        )
    held = abi >= 4 and network == "none"
    assert ran.out.split() == (["13"] * 2 if held else ["through"] * 2), ran
    assert ("tcp" in ran.answer["degraded"]) is (network == "none")
    assert ("udp" in ran.answer["degraded"]) is (network == "none")
    assert "seccomp" in ran.answer["degraded"]


def test_network_host_gives_the_network(project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = project.run("python3", "-c", CONNECT, server.getsockname()[1], **under(), network="host")
    assert ran.out.split() == ["through"] * 2, ran
    assert not {"tcp", "udp", "network_namespace", "private_loopback"} & set(ran.answer["degraded"])


@pytest.fixture
def victim(project):
    """A process of the same user, outside; its pid."""
    process = subprocess.Popen(["sleep", "60"], **project._identity())
    yield process
    process.kill()
    process.wait()


def test_other_processes_get_no_signal(project, abi, victim):
    ran = project.run("python3", "-c", f"import os; os.kill({victim.pid}, 15)", **under(abi))
    ended = abi < 6
    assert (ran.code == 0) is ended, ran
    assert ("signals" in ran.answer["degraded"]) is ended
    if ended:
        assert victim.wait(timeout=30) == -signal.SIGTERM
    else:
        assert "PermissionError" in ran.err
        assert victim.poll() is None


def test_children_get_signals(project):
    assert project.shell("sleep 60 & kill -TERM $!; wait $!; echo $?", **under()).out == "143\n"


def test_other_processes_memory_and_environment_are_closed(project, abi, victim):
    ran = project.shell(f"for f in environ mem maps; do head -c1 /proc/{victim.pid}/$f; done", **under(abi))
    assert ran.out == "", ran
    assert ran.err.count("Permission denied") == 3


def test_abstract_sockets_of_others_are_closed(project, abi):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name := f"\0llmx-{os.getpid()}-{abi}")
        server.listen()
        program = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        ran = project.run("python3", "-c", program, **under(abi))
    assert (ran.code == 0) is (abi < 6), ran
    assert ("abstract_sockets" in ran.answer["degraded"]) is (abi < 6)


COMMAND_A_DEVICE = """
import fcntl, os, sys
RNDGETENTCNT = 0x80045200
fcntl.ioctl(os.open(sys.argv[1], 3), RNDGETENTCNT, bytes(4))  # 3: for neither reading nor writing
"""


@pytest.mark.skipif(os.getuid() != 0, reason="NOT TESTED: only root can make a device node")
def test_devices_outside_take_no_commands(project, abi):
    node = project.folder / "random"
    os.mknod(node, 0o020666, os.makedev(1, 8))
    node.chmod(0o666)
    project.outside("python3", "-c", COMMAND_A_DEVICE, node)
    ran = project.run("python3", "-c", COMMAND_A_DEVICE, node, **under(abi))
    assert (ran.code == 0) is (abi < 5), ran
    assert ("device_ioctl" in ran.answer["degraded"]) is (abi < 5)


@pytest.mark.parametrize("level", ["safe", "restricted"])
def test_levels_differ_in_the_work_tree(project, level):
    ran = project.shell("cat file; echo x > file", **under(), level=level)
    assert (ran.code, ran.out) == ((0 if level == "safe" else 2), "here\n"), ran
    assert (project.work / "file").read_text() == ("x\n" if level == "safe" else "here\n")
    assert ("private_loopback" in ran.answer["degraded"]) is (level == "safe")


def test_at_level_restricted_caches_go_to_the_temporary_folder(project):
    ran = project.shell('echo "$TMPDIR $PIP_CACHE_DIR"; mkdir -p "$PIP_CACHE_DIR"', **under(), level="restricted")
    folder, cache = ran.out.split()
    assert (ran.code, cache) == (0, f"{folder}/.cache/pip"), ran
    assert not os.path.exists(folder)


def test_more_folders_can_be_opened(project):
    project.make("home/data/in", "data\n")
    project.make("home/out/file")
    ran = project.shell(
        "cat ~/data/in; echo x > ~/out/made; echo x > ~/data/made", **under(), read=["../../data"], write=["../../out"]
    )
    assert (ran.code, ran.out) == (2, "data\n"), ran
    assert (project.home / "out/made").exists()
    assert not (project.home / "data/made").exists()


def test_what_is_protected_stays_and_its_neighbours_can_be_changed(project, abi):
    project.make("home/code/project/.vscode/tasks.json", "{}")
    project.make("home/code/project/src/a.c", "int a;\n")
    ran = project.shell(
        "echo x > file; echo y > src/new; rm src/a.c; echo x > .vscode/tasks.json; echo x > .vscode/new;"
        " rm .vscode/tasks.json; mv .vscode away; echo x > new",
        **under(abi),
        protect=[".vscode"],
    )
    assert (project.work / "file").read_text() == "x\n", ran
    assert os.listdir(project.work / "src") == ["new"]
    assert (project.work / ".vscode/tasks.json").read_text() == "{}"
    assert sorted(os.listdir(project.work)) == [".vscode", "file", "src"]
    assert "protected" not in ran.answer["degraded"]


def test_inside_a_git_folder_nothing_can_be_protected_and_git_works(project):
    project.outside("git", "init", "-q", ".")
    ran = project.shell("git add file && echo x > .git/hooks/new", **under(), protect=[".git/hooks"])
    assert ran.code == 0, ran
    assert "protected" in ran.answer["degraded"]


@pytest.fixture
def setuid_id(project):
    """``id`` as root's setuid program, in the project."""
    program = project.work / "id"
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    if os.getuid() != 0:
        pytest.skip("NOT TESTED: only root can make a setuid program of root's")
    program.chmod(0o4755)
    assert project.outside(program, "-u") == "0\n"
    return program


def test_a_setuid_program_gains_nothing(project, abi, setuid_id):
    ran = project.shell(f"{setuid_id} -u; grep NoNewPrivs /proc/self/status", **under(abi))
    assert ran.out.split() == [str(project.uid), "NoNewPrivs:", "1"], ran


@pytest.mark.skipif(os.getuid() != 0, reason="NOT TESTED: only root has privileges to lose")
def test_root_is_held_like_everybody(either_project):
    stolen = either_project.folder / "of-root"
    stolen.write_text("kept")
    stolen.chmod(0o600)
    os.chown(stolen, 1, 1)
    ran = either_project.shell(f"cat {stolen}; chmod 777 {stolen}; mknod null c 1 3", **under())
    assert (ran.code, ran.out) == (1, ""), ran
    assert stolen.stat().st_mode & 0o777 == 0o600


def test_nobody_has_a_capability(either_project):
    ran = either_project.shell("grep -E 'Cap(Prm|Eff|Inh):' /proc/self/status", **under())
    assert ran.out.split()[1::2] == ["0" * 16] * 3, ran


def test_the_command_holds_no_descriptor_of_ours(project):
    ran = project.run(
        sys.executable, "-c", "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))", **under()
    )
    assert ran.out == "[0, 1, 2, 3]\n", ran  # 3: of the listing itself


UNIX = """
import socket
server = socket.socket(socket.AF_UNIX)
server.bind("here")
server.listen()
socket.socket(socket.AF_UNIX).connect("here")
"""
SHARED = """
from multiprocessing.shared_memory import SharedMemory
SharedMemory(create=True, size=9).unlink()
"""
ORDINARY = [
    "git init -q . && git add file && git -c user.name=A -c user.email=a@b commit -qm x && git log --oneline",
    "printf 'int main(void){return 0;}' > m.c && gcc -o m m.c && ./m",
    "python3 -m venv --without-pip v && v/bin/python -c 'import multiprocessing as m; m.Pool(2).map(abs, [1])'",
    f"python3 -c '{SHARED}'",
    f"python3 -c '{UNIX}'",
    "script -qc 'echo hello' /dev/null | grep hello",
    "ps -e | grep sh",
    "head -c 4 /dev/urandom > /dev/null && echo x > /dev/stdout | cat && ls /dev > /dev/null",
    "mktemp && mktemp -d",
]


@pytest.mark.parametrize("script", ORDINARY)
def test_ordinary_work_goes_on(project, abi, script):
    ran = project.shell(f"set -e; {script}", **under(abi))
    assert ran.code == 0, ran


def test_the_temporary_folder_goes_whatever_was_left_in_it(project):
    project.make("home/code/kept/file", "kept")
    program = f"""
import os
top = os.environ["TMPDIR"]
print(top)
os.chdir(top)
os.symlink({str(project.work)!r}, "work")
os.makedirs("closed/inner/x")
os.chmod("closed/inner", 0)
os.chmod("closed", 0)
for _ in range(2000):
    os.mkdir("deep")
    os.chdir("deep")
os.chmod(top, 0)
"""
    ran = project.run("python3", "-c", program, **under())
    assert ran.code == 0, ran
    assert not os.path.exists(ran.out.strip())
    assert (project.work / "file").read_text() == "here\n"


def test_a_program_that_is_hidden_is_not_found_and_the_hint_says_why(project):
    project.make("home/secret/tool", "#!/bin/sh\n", 0o755)
    ran = project.run(project.home / "secret/tool", **under())
    assert ran.code == 127, ran
    assert f"--read {project.home}/secret" in ran.answer["error"]


def test_what_a_killed_run_left_goes_with_the_next_one(project, until):
    """The driver holds its folder until it is killed; then nobody does."""
    options = {"env": {"TMPDIR": str(project.make("tmp/file").parent)}}
    process = project.start("sleep", "60", **under(), **options)
    temporary = project.folder / "tmp"
    until(lambda: list(temporary.glob("llmx-run-*")))
    (held,) = temporary.glob("llmx-run-*")
    assert project.run("true", **under(), **options).code == 0
    assert held.exists()
    process.kill()
    process.communicate()
    assert project.run("true", **under(), **options).code == 0
    assert not held.exists()


def test_variables_that_are_asked_for_win_over_the_private_folder(project):
    ran = project.shell('echo "$TMPDIR"', **under(), env_add=["TMPDIR=/nowhere"])
    assert ran.out == "/nowhere\n", ran


def test_a_kernel_without_landlock_is_told_in_the_error(project, monkeypatch):
    plan = make_plan(str(project.work), project.env, level="safe")
    monkeypatch.setattr("llmx.core.sandbox.ruleset.CREATE_RULESET", 10_000)
    before = set(os.listdir("/tmp"))
    with pytest.raises(ExecError, match=r"Landlock 7: \[Errno 38\]"):
        enclose(plan, "/bin/true", ["true"], Abilities(landlock=7))
    assert {name for name in set(os.listdir("/tmp")) - before if name.startswith("llmx-run-")} == set()


def test_every_weakness_says_what_it_means(project):
    plan = make_plan(str(project.work), project.env, level="safe", max_procs=9)
    enclosure = enclose(plan, "/bin/true", ["true"], Abilities(landlock=1))
    enclosure.close()
    assert set(enclosure.degraded) <= set(DEGRADED)
    assert "exact_max_procs" in enclosure.degraded
    assert all(re.fullmatch(r"[a-z_]+", name) for name in DEGRADED)
