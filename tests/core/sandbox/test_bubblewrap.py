"""bubblewrap, for real: what a command can reach inside, how many processes it gets, and what is told when it fails."""

import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.core.sandbox import Abilities, enclose, make_plan
from llmx.core.sandbox.bubblewrap import FILTER_VERSION, _name, mounts, open_sockets
from llmx.errors import CommandNotFoundError

FORKS = """
import os, time
made = 0
try:
    while made < 200:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    print(made, error.errno, flush=True)
os._exit(0)
"""


def test_a_command_writes_in_its_work_tree_and_nowhere_else(either_project):
    project = either_project
    project.outside("git", "init", "-q", ".")
    project.make("home/code/project/sub/file")
    ran = project.shell("echo new > ../made && echo git > ../.git/made && pwd", cwd=project.work / "sub")
    assert (ran.code, ran.out) == (0, f"{project.work}/sub\n"), ran
    assert (project.work / "made").read_text() == "new\n"
    assert (project.work / ".git/made").read_text() == "git\n"


@pytest.mark.parametrize(
    "place", ["$HOME/x", "$HOME/code/x", "$HOME/.ssh/x", "/etc/x", "/usr/x", "/run/x", "/dev/x", "/x", "/proc/x"]
)
def test_writing_elsewhere_is_refused(either_project, place):
    either_project.make("home/.ssh/id")
    ran = either_project.shell(f"echo x > {place}")
    assert ran.code == 2, ran
    assert "cannot create" in ran.err
    assert not (either_project.home / "code/x").exists()


@pytest.mark.parametrize(
    "place", ["/tmp", "/var/tmp", "/dev/shm", "$HOME/.cache", "$HOME/.config", "$HOME/.local/share"]
)
def test_scratch_space_is_private_and_gone_at_the_end(project, place):
    ran = project.shell(f"echo x > {place}/of-a-sandbox && cat {place}/of-a-sandbox")
    assert (ran.code, ran.out) == (0, "x\n"), ran
    ran = project.shell(f"ls -A {place}")
    assert "of-a-sandbox" not in ran.out, ran
    assert not any(os.path.exists(f"{folder}/of-a-sandbox") for folder in ("/tmp", "/var/tmp", "/dev/shm"))


def test_scratch_space_is_bounded(project):
    code = "import os; s = os.statvfs('/tmp'); print(s.f_blocks * s.f_frsize)"
    ran = project.run("python3", "-c", code)
    assert int(ran.out) == 1 << 30, ran


def test_the_home_folder_and_run_show_nothing_but_the_allow_list(project):
    project.make("home/.ssh/id", "key")
    project.make("home/.aws/credentials", "key")
    project.make("home/code/other/.env", "SECRET=1")
    project.make("home/.gitconfig", "[user]\n\tname = Ada\n")
    ran = project.shell("cd; ls -A; cat .gitconfig; ls -A code; ls -A /run; cat .ssh/id code/other/.env")
    assert ran.code == 1, ran
    assert ran.out.split() == [
        ".cache",
        ".config",
        ".gitconfig",
        ".local",
        "code",
        "[user]",
        "name",
        "=",
        "Ada",
        "project",
    ]
    assert ran.err.count("No such file") == 2


def test_caches_last_from_one_command_to_the_next_in_the_same_project_only(project):
    assert project.shell('mkdir -p "$PIP_CACHE_DIR" && echo wheel > "$PIP_CACHE_DIR/x"').code == 0
    assert project.shell('cat "$PIP_CACHE_DIR/x"').out == "wheel\n"
    project.make("home/code/other/file")
    assert project.shell('cat "$PIP_CACHE_DIR/x"', cwd=project.home / "code/other").code == 1
    (folder,) = (project.home / ".cache/llmx/sandbox").glob("*project")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secrets_in_the_environment_stay_outside(project):
    ran = project.run("env", env={"API_TOKEN": "s3cret", "LC_ALL": "C", "SSH_AUTH_SOCK": "/tmp/agent"})
    assert "s3cret" not in ran.out
    assert "SSH_AUTH_SOCK" not in ran.out
    assert "LC_ALL=C\n" in ran.out
    assert {"API_TOKEN", "SSH_AUTH_SOCK"} <= set(ran.answer["plan"]["dropped"])


def test_a_loader_variable_reaches_the_command_and_never_bwrap_itself(project):
    source = project.make("home/code/project/evil.c", EVIL)
    project.outside("gcc", "-shared", "-fPIC", "-o", "evil.so", str(source))
    ran = project.run("true", env_add=[f"LD_PRELOAD={project.work}/evil.so"])
    assert ran.code == 0, ran
    assert (project.work / "loaded-by").read_text().split("\n")[:-1] == ["true"]


EVIL = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
__attribute__((constructor)) static void loaded(void) {
    FILE *file = fopen("loaded-by", "a");
    if (file) { fprintf(file, "%s\n", program_invocation_short_name); fclose(file); }
}
"""


def test_a_command_gets_three_descriptors_and_no_more(either_project):
    ran = either_project.shell("ls /proc/self/fd", max_procs=9)
    assert ran.out.split() == ["0", "1", "2", "3"], ran  # 3 is the folder being listed


def test_a_command_sees_only_its_own_processes_and_an_own_loopback(project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; s = socket.socket(); print(s.connect_ex(('127.0.0.1', {port})))"
        assert project.run("python3", "-c", code).out == "111\n"
        assert project.run("python3", "-c", code, network="host").out == "0\n"
    seen = project.run("python3", "-c", "import os; print(sum(name.isdigit() for name in os.listdir('/proc')))").out
    assert seen == "2\n"  # bwrap's own and the command


def test_unix_sockets_outside_the_work_tree_cannot_be_reached(project, in_the_open):
    project.make("home/code/project/in")
    (project.work / "in").unlink()
    far_path, near_path = str(in_the_open / "s"), str(project.work / "in")
    code = "import socket,sys; s = socket.socket(socket.AF_UNIX); print(s.connect_ex(sys.argv[1]))"
    with socket.socket(socket.AF_UNIX) as far, socket.socket(socket.AF_UNIX) as near:
        for server, path in ((far, far_path), (near, near_path)):
            server.bind(path)
            os.chmod(path, 0o777)
            server.listen()
        assert project.outside(sys.executable, "-c", code, far_path) == "0\n"
        assert project.run("python3", "-c", code, far_path).out.strip() != "0"
        assert project.run("python3", "-c", code, near_path).out == "0\n"
        assert far_path in open_sockets([str(project.home)])


@pytest.mark.parametrize("abilities", [{}, {"disable_userns": True}], ids=["plain", "without-user-namespaces"])
def test_the_process_count_is_exact_and_counts_nothing_outside(project, abilities):
    crowd = [project.start("sleep", "60") for _ in range(3)]
    crowd += [subprocess.Popen(["sleep", "60"], **project._identity(), start_new_session=True) for _ in range(40)]
    try:
        ran = project.run("python3", "-c", FORKS, max_procs=12, abilities=abilities)
        assert ran.out.split() == ["11", "11"], ran  # itself is the twelfth; EAGAIN
        assert "exact_max_procs" not in ran.answer["degraded"]
    finally:
        for process in crowd:
            process.kill()
            process.communicate()


@pytest.mark.skipif(os.getuid() != 0, reason="what is told about root can only be seen as root")
def test_root_is_told_that_its_processes_are_not_counted_by_the_kernel(either_project):
    ran = either_project.run("true", max_procs=12)
    assert ("exact_max_procs" in ran.answer["degraded"]) == (either_project.uid == 0)


def test_at_a_timeout_the_command_is_asked_to_end_and_can_clean_up(project):
    ran = project.shell("trap 'echo cleaned; exit 3' TERM; echo on; while :; do sleep 0.05; done", stop_after=0.7)
    assert (ran.code, ran.out) == (3, "on\ncleaned\n"), ran


def test_nothing_survives_when_the_driver_is_killed(project, until):
    driver = project.start("sh", "-c", "setsid sleep 97531 & echo on; sleep 97531")
    assert driver.stdout.readline() == "on\n"
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    until(lambda: b"97531" not in subprocess.check_output(["ps", "-eo", "args"]), "the end of all")


@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("exit 1", 1), ("kill -TERM $$", 143)]
)
def test_the_exit_code_is_the_commands_own(project, script, code):
    ran = project.shell(script)
    assert ran.answer.get("error") is None
    assert ran.code == code, ran


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("bad", "#!/no/such/interpreter\n", 126, "the interpreter in its first line does not exist"),
        ("copied-from-windows", "#!/bin/sh\r\necho\r\n", 126, "does not exist (/bin/sh\r)"),
        ("far", "#!{home}/hidden/bash\n", 126, "the sandbox hides the interpreter"),
    ],
)
def test_a_command_that_cannot_start_inside_says_why(project, name, text, code, said):
    shell = project.make("home/hidden/bash", mode=0o755)
    shell.write_bytes(Path("/bin/bash").read_bytes())
    project.make(f"home/code/project/{name}", text.format(home=project.home), mode=0o755)
    ran = project.run(f"./{name}")
    assert ran.answer.get("code") == code, ran
    assert said in ran.answer["error"]


def test_a_script_without_a_first_line_runs_as_it_does_in_a_shell(project):
    project.make("home/code/project/plain", "echo ran\n", mode=0o755)
    assert project.run("./plain").out == "ran\n"


def test_a_program_that_the_sandbox_hides_is_not_found_and_the_hint_shows_it(project):
    tool = project.make("home/hidden/tool", "#!/bin/sh\necho ran\n", mode=0o755)
    ran = project.run(tool)
    assert ran.answer["code"] == 127
    assert f"hint: --read {tool.parent}" in ran.answer["error"]
    assert project.run(tool, read=[str(tool.parent)]).out == "ran\n"


def test_a_sandbox_that_cannot_be_set_up_is_a_failure_of_ours(project):
    ran = project.run("true", env={"PATH": "/usr/bin"}, abilities={"bwrap": "/bin/false"})
    assert ran.answer["code"] == 125
    assert "could not be set up" in ran.answer["error"]


def test_no_mount_point_is_made_on_disk(project):
    project.outside("git", "init", "-q", ".")
    before = sorted(project.outside("find", ".").splitlines())
    ran = project.run("true", protect=[".git/hooks", "AGENTS.md", ".vscode", "no/such/place"])
    assert ran.code == 0, ran
    assert ran.answer["plan"]["protected"] == [str(project.work / ".git/hooks")]
    assert sorted(project.outside("find", ".").splitlines()) == before
    assert sorted(os.listdir(project.home)) == [".cache", "code"]


def test_protected_paths_and_llmx_own_records_are_read_only(project):
    project.make("home/code/project/AGENTS.md", "read me")
    log = project.make("home/.local/share/llm-exec.log", "{}\n")
    ran = project.shell(
        f"echo x > AGENTS.md; rm AGENTS.md; echo x >> {log}; cat {log}; touch {log.parent}/other",
        protect=["AGENTS.md"],
        write=[str(log.parent)],
    )
    assert (ran.code, ran.out) == (0, "{}\n"), ran
    assert ran.err.count("\n") == 3
    assert (log.read_text(), (project.work / "AGENTS.md").read_text()) == ("{}\n", "read me")
    assert (log.parent / "other").exists()


def test_at_level_restricted_the_work_tree_is_there_to_be_read(project):
    ran = project.shell("cat file; echo x > made", level="restricted")
    assert (ran.code, ran.out) == (2, "here\n"), ran
    assert not (project.work / "made").exists()


def test_a_linked_worktree_can_be_committed_in(project):
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    main = project.make("home/main/file").parent
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["worktree", "add", "-q", "../code/tree"]):
        project.outside(*git, *words, cwd=main)
    ran = project.shell(
        "echo x > new && git add . && " + " ".join(git) + " commit -qm two && git log --oneline | wc -l",
        cwd=project.home / "code/tree",
    )
    assert (ran.code, ran.out) == (0, "2\n"), ran


@pytest.mark.parametrize(
    ("asked", "variant"),
    [({}, ""), ({"level": "restricted"}, "-no-inet"), ({"level": "restricted", "network": "host"}, "")],
)
def test_the_cached_filter_of_system_calls_is_put_on(project, asked, variant):
    name = f"home/.cache/llmx/seccomp/{FILTER_VERSION}-{os.uname().machine}{variant}.bpf"
    project.make(name).write_bytes(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))  # allow everything
    ran = project.run("grep", "^Seccomp:", "/proc/self/status", abilities={"seccomp": True}, **asked)
    assert ran.out.split()[1] == "2", ran
    assert "seccomp" not in ran.answer["degraded"]


SOCKETS = """
import socket
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family).close()
        print("open")
    except OSError:
        print("refused")
"""


@pytest.mark.parametrize(
    ("asked", "said"),
    [({}, "open open open"), ({"level": "restricted"}, "open refused refused")],
    ids=["safe", "restricted"],
)
def test_only_level_restricted_takes_the_loopback_away(project, asked, said):
    ran = project.run("python3", "-c", SOCKETS, abilities={"seccomp": True}, **asked)
    assert ran.out.split() == said.split(), ran
    assert len(list((project.home / ".cache/llmx/seccomp").iterdir())) == 1


def test_the_filter_is_put_on_where_it_cannot_be_kept(project):
    project.make("home/.cache")
    ran = project.run("grep", "^Seccomp:", "/proc/self/status", abilities={"seccomp": True})
    assert ran.out.split()[1] == "2", ran


def test_the_command_keeps_the_name_it_was_typed_with(project):
    assert project.run("sh", "-c", "echo $0").out == "sh\n"
    assert project.run("/bin/sh", "-c", "echo $0").out == "/bin/sh\n"


def test_a_name_that_means_another_file_inside_is_replaced_by_the_path(tmp_path):
    tool = tmp_path / "sh"
    tool.write_text("")
    tool.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin"}
    assert _name("/bin/sh", "sh", env) == "/bin/sh"
    assert _name("/bin/sh", "sh", {"PATH": "/usr/bin"}) == "sh"
    assert _name("/bin/sh", "sh", {}) == "/bin/sh"


def test_parents_are_mounted_before_what_lies_in_them(tmp_path, home):
    (home / "a/b/c").mkdir(parents=True)
    plan = make_plan(str(home / "a/b"), dict(os.environ), level="safe", read=["c"], write=["c"])
    words = mounts(plan)
    targets = [words[place + 1] for place, word in enumerate(words) if word == "--tmpfs"]
    targets += [words[place + 2] for place, word in enumerate(words) if word == "--bind"]
    assert targets.index("/tmp") < targets.index(str(home)) < targets.index(str(home / "a/b"))


def test_a_command_on_a_terminal_of_its_own_keeps_that_session(tmp_path):
    plan = make_plan(str(tmp_path), dict(os.environ), level="safe", own_terminal=True)
    enclosure = enclose(plan, "/bin/true", ["true"], Abilities(bwrap="/usr/bin/bwrap"))
    enclosure.close()
    assert "--new-session" not in enclosure.argv
    enclosure.close()


def test_what_is_hidden_is_refused_before_anything_starts(tmp_path, home):
    (home / "tool").write_text("")
    plan = make_plan(str(tmp_path), dict(os.environ), level="safe")
    with pytest.raises(CommandNotFoundError, match="the sandbox hides it"):
        enclose(plan, str(home / "tool"), ["tool"], Abilities(bwrap="/usr/bin/bwrap"))


def test_a_folder_on_the_way_to_a_protected_one_cannot_be_moved_away(project):
    project.make("home/code/project/.github/workflows/ci.yml", "real")
    project.shell(
        "echo kept > .github/other; mv .github g; mkdir -p .github/workflows; echo forged > .github/workflows/ci.yml",
        protect=[".github/workflows"],
    )
    assert (project.work / ".github/workflows/ci.yml").read_text() == "real"
    assert (project.work / ".github/other").read_text() == "kept\n"
    assert not (project.work / "g").exists()


def test_llmxs_own_cache_stays_what_it_is_where_the_folder_above_is_opened(project):
    own = project.make("home/.cache/llmx/sandbox.marshal", "own")
    ran = project.shell("echo x > ~/.cache/llmx/sandbox.marshal; echo y > ~/.cache/y", write=[str(own.parents[1])])
    assert (ran.code, own.read_text()) == (0, "own")
    assert (project.home / ".cache/y").exists()


@pytest.mark.parametrize("spoil", ["chmod 644 {0}", ": > {0}"])
def test_a_filter_that_is_not_as_it_was_written_is_written_anew(project, spoil):
    assert project.run("true", abilities={"seccomp": True}).code == 0
    [file] = (project.home / ".cache/llmx/seccomp").iterdir()
    whole = file.read_bytes()
    project.outside("sh", "-c", spoil.format(file))
    assert project.run("true", abilities={"seccomp": True}).code == 0
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (whole, 0o600)
