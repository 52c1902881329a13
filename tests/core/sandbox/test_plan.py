"""What a plan opens and hides, from the folder, the environment and the options."""

import os
import sys

import pytest

from llmx.core.sandbox import Abilities, Enclosure, enclose, make_plan
from llmx.core.sandbox.devices import find_devices
from llmx.errors import ExecError


@pytest.fixture
def plan_for(home):
    """Make a plan for a folder of the home folder, with a small environment."""

    def make(folder="code/project", env=None, **options):
        (home / folder).mkdir(parents=True, exist_ok=True)
        variables = {"HOME": str(home), "PATH": "/usr/bin:/bin"} | (env or {})
        return make_plan(str(home / folder), variables, **{"level": "safe", **options})

    return make


def below_home(plan, home):
    return [os.path.relpath(path, home) for path in plan.readable if path.startswith(f"{home}/")]


def make(home, *names):
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (home / name).mkdir(exist_ok=True)
        else:
            (home / name).write_text("")


def test_a_plan_opens_the_work_tree_and_its_cache(plan_for, home):
    plan = plan_for()
    work = f"{home}/code/project"
    cache = f"{home}/.cache/llmx/sandbox/{work[1:].replace('_', '__').replace('/', '_-')}"
    assert (plan.cwd, plan.work, plan.writable) == (work, work, [work, cache])
    assert str(home) in plan.hidden or "/home" in plan.hidden
    assert "/run" in plan.hidden
    assert plan.env["XDG_CACHE_HOME"] == cache


def test_at_level_restricted_nothing_that_lasts_can_be_written(plan_for, home):
    plan = plan_for(level="restricted")
    assert plan.writable == []
    assert f"{home}/code/project" in plan.readable
    assert plan.env["PIP_CACHE_DIR"].startswith("/tmp/")
    assert not (home / ".cache").exists()


def test_toolchains_show_through_and_what_lies_beside_them_does_not(plan_for, home):
    make(home, ".gitconfig", ".config/git/config", ".config/git/credentials", ".cargo/bin/cargo", ".cargo/credentials")
    make(home, ".pyenv/versions/", ".nvm/nvm.sh", ".rustup/toolchains/", "go/bin/x", "go/pkg/mod/", ".local/bin/tool")
    make(home, ".local/share/keyrings/x", ".ssh/id", ".npmrc", ".cache/huggingface/hub/", ".cache/huggingface/token")
    plan = plan_for()
    assert set(below_home(plan, home)) == set(
        str.split(
            ".gitconfig .config/git/config .cargo/bin .pyenv .nvm .rustup go/bin go/pkg .local/bin"
            " .cache/huggingface/hub"
        )
    )
    assert plan.env["HF_HOME"] == f"{home}/.cache/huggingface"


@pytest.mark.parametrize(
    ("entry", "files", "shown"),
    [
        ("venvs/a/bin", ["venvs/a/pyvenv.cfg", "venvs/a/bin/x"], ["venvs/a"]),
        ("miniconda3/bin", ["miniconda3/conda-meta/x", "miniconda3/bin/x"], ["miniconda3"]),
        ("sdk/node/bin", ["sdk/node/bin/x", "sdk/node/lib/y", "sdk/node/.env"], ["sdk/node/bin", "sdk/node/lib"]),
        (".fly/bin", [".fly/bin/x", ".fly/config.yml"], [".fly/bin"]),
        ("bin", ["bin/x", "lib/secret"], ["bin"]),
        (".asdf/shims", [".asdf/shims/x", ".asdf/installs/x"], [".asdf"]),
        (".brew/bin", [".brew/bin/x", ".brew/Cellar/x"], [".brew"]),
        ("scripts", ["scripts/x"], ["scripts"]),
        ("mine", ["mine/x"], ["mine"]),
        ("web/node_modules/.bin", ["web/node_modules/.bin/x", "web/.env"], ["web/node_modules"]),
        (".", ["x"], []),
        ("..", ["x"], []),
        (".ssh", [".ssh/id"], []),
        (".config", [".config/x"], []),
        (".config/gh", [".config/gh/hosts.yml"], []),
        (".config/some", [".config/some/token"], []),
        (".aws/bin", [".aws/bin/x"], []),
        ("missing/bin", [], []),
        ("code/project/bin", ["code/project/bin/x"], []),
    ],
)
def test_an_entry_of_path_shows_programs_and_their_parts_only(plan_for, home, entry, files, shown):
    make(home, *files)
    plan = plan_for(env={"PATH": f"{home}/{entry}:/usr/bin"})
    assert below_home(plan, home) == shown


@pytest.mark.parametrize(
    "variable",
    [
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "PYENV_ROOT",
        "NVM_DIR",
        "RUSTUP_HOME",
        "CARGO_HOME",
        "GOROOT",
        "GOPATH",
        "JAVA_HOME",
        "HF_HOME",
    ],
)
@pytest.mark.parametrize("place", [".", "..", ".ssh", ".aws", ".config", "code/other", "code/project/link"])
def test_a_variable_that_points_at_something_else_opens_nothing(plan_for, home, variable, place):
    make(home, ".ssh/id", ".aws/credentials", ".config/x", "code/other/.env", "code/project/x")
    (home / "code/project/link").symlink_to(home / ".ssh")
    assert below_home(plan_for(env={variable: f"{home}/{place}"}), home) == []


def test_a_link_that_a_command_in_another_project_may_have_made_opens_nothing(plan_for, home):
    make(home, "private/diary", "other/.git/HEAD", "other/node_modules/.bin/tool", "dotfiles/gitconfig")
    (home / "other/bin").symlink_to(home / "private")
    (home / "other/node_modules/.bin").rename(home / "private/.bin")
    (home / "other/node_modules").rmdir()
    (home / "other/node_modules").symlink_to(home / "private")
    (home / ".gitconfig").symlink_to("dotfiles/gitconfig")
    plan = plan_for(env={"PATH": f"{home}/other/bin:{home}/other/node_modules/.bin:/usr/bin"})
    assert below_home(plan, home) == [".gitconfig"]


def test_a_variable_with_a_mark_opens_no_credentials_either(plan_for, home):
    make(home, ".ssh/pyvenv.cfg", ".ssh/bin/python", "pyvenv.cfg", ".config/pyvenv.cfg")
    for place in (".ssh", "", ".config"):
        assert below_home(plan_for(env={"VIRTUAL_ENV": f"{home}/{place}".rstrip("/")}), home) == []


def test_a_virtual_environment_comes_with_the_python_it_was_made_from(plan_for, home):
    make(home, "venv/pyvenv.cfg", "pythons/3.13/bin/python3.13", "pythons/3.13/lib/os.py", "pythons/3.13/.env")
    (home / "venv/bin").mkdir()
    (home / "venv/bin/python").symlink_to(home / "pythons/3.13/bin/python3.13")
    plan = plan_for(env={"VIRTUAL_ENV": f"{home}/venv"})
    assert below_home(plan, home) == ["venv", "pythons/3.13/bin", "pythons/3.13/lib"]


def test_links_in_the_users_own_bin_show_what_they_stand_for(plan_for, home):
    make(home, ".local/share/claude/versions/1", ".tools/black/pyvenv.cfg", ".tools/black/bin/black", ".ssh/id")
    make(home, ".web/node_modules/pkg/cli.js", ".web/.env", ".local/bin/plain")
    links = {"claude": ".local/share/claude/versions/1", "black": ".tools/black/bin/black", "key": ".ssh/id"}
    for name, target in {**links, "pkg": ".web/node_modules/pkg/cli.js", "gone": "nowhere"}.items():
        (home / ".local/bin" / name).symlink_to(home / target)
    shown = set(below_home(plan_for(), home))
    assert shown == {".local/bin", ".local/share/claude/versions/1", ".tools/black", ".web/node_modules"}


def test_more_is_opened_on_request(plan_for, home):
    make(home, "code/project/", "data/x", "notes/y", ".ssh/known_hosts")
    plan = plan_for(write=["../../data"], read=["../../notes", str(home / ".ssh/known_hosts"), "../../data/x"])
    assert f"{home}/data" in plan.writable
    assert below_home(plan, home) == ["notes", ".ssh/known_hosts"]


@pytest.mark.parametrize("option", ["write", "read"])
def test_a_path_that_does_not_exist_is_refused_by_name(plan_for, home, option):
    with pytest.raises(ExecError, match=f"--{option} no/such: {home}/code/project/no/such does not exist") as caught:
        plan_for(**{option: ["no/such"]})
    assert caught.value.code == "sandbox"


@pytest.mark.parametrize("path", ["/", "/tmp", "/etc", "/etc/hosts", "/run", "~", "~/.."])
def test_what_is_too_wide_is_not_opened_on_request_either(plan_for, home, path):
    with pytest.raises(ExecError, match="opens too much") as caught:
        plan_for(write=[path.replace("~", str(home))])
    assert "names a folder inside it" in str(caught.value.hint)


def test_a_link_in_the_work_tree_does_not_make_a_request_wider(plan_for, home):
    make(home, "code/project/")
    (home / "code/project/out").symlink_to(home)
    with pytest.raises(ExecError, match="your home folder"):
        plan_for(write=["out"])


def test_llmx_own_settings_and_records_stay_read_only_below_what_is_opened(plan_for, home):
    make(home, ".config/llmx/config.toml", ".local/share/llm-exec.log", ".local/state/llmx/x")
    plan = plan_for(write=[f"{home}/.config", f"{home}/.local"])
    assert {os.path.relpath(path, home) for path in plan.protected} == {
        ".config/llmx",
        ".local/share/llm-exec.log",
        ".local/state/llmx",
    }


def test_llmx_own_settings_cannot_be_made_where_there_are_none_yet(plan_for, home):
    make(home, ".config/", ".local/state/")
    plan = plan_for(write=[f"{home}/.config", f"{home}/.local/state"])
    assert {os.path.relpath(path, home) for path in plan.protected} == {".config/llmx", ".local/state/llmx"}


@pytest.mark.parametrize("place", [".config/llmx", ".local/state/llmx/undo", ".cache/llmx", ".cache/llmx/seccomp"])
def test_what_llmx_relies_on_is_opened_neither_by_name_nor_as_the_folder_to_work_in(plan_for, home, place):
    make(home, f"{place}/")
    with pytest.raises(ExecError, match=f"{place} cannot be opened"):
        plan_for(write=[f"{home}/{place}"])
    with pytest.raises(ExecError, match=f"{place} cannot be opened"):
        plan_for(place)


def test_added_variables_win_and_dropped_ones_are_named(plan_for):
    env = {"TOKEN": "t", "OTHER": "o", "LANG": "C"}
    plan = plan_for(env=env, env_add=["TOKEN", "PIP_NO_INDEX=0", "CI=1"], env_allow=["ABSENT"])
    assert (plan.env["TOKEN"], plan.env["PIP_NO_INDEX"], plan.env["CI"]) == ("t", "0", "1")
    assert plan.dropped == ["OTHER"]


def test_tools_are_told_that_there_is_no_network_only_when_there_is_none(plan_for):
    assert plan_for().env["PIP_NO_INDEX"] == "1"
    assert "PIP_NO_INDEX" not in plan_for(network="host").env


def test_a_home_that_is_the_system_is_not_hidden(tmp_path):
    for home in ("/", "/usr", "/nonexistent"):
        plan = make_plan(str(tmp_path), {"HOME": home, "XDG_CACHE_HOME": str(tmp_path)}, level="safe")
        assert home not in plan.hidden


def test_a_home_folder_reached_through_a_link_is_hidden_where_it_is(tmp_path, home):
    (tmp_path / "link").symlink_to(home)
    make(home, "project/x")
    plan = make_plan(str(tmp_path / "link/project"), {"HOME": str(tmp_path / "link")}, level="safe")
    assert (plan.work, str(home) in plan.hidden) == (str(home / "project"), True)


@pytest.fixture
def cards(tmp_path):
    """A /dev and a /proc of two NVIDIA cards."""
    for name in ("nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1", "null", "dri/card0", "dri/renderD128"):
        make(tmp_path / "dev", name)
    for number in (0, 1):
        folder = tmp_path / f"proc/driver/nvidia/gpus/0000:0{number}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t X\nGPU UUID: \t GPU-{number}\nDevice Minor: \t {number}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("gpu", "nodes", "visible"),
    [
        (None, "nvidiactl nvidia-uvm nvidia0 nvidia1 dri/renderD128", None),
        ("", "", ""),
        ("1", "nvidiactl nvidia-uvm nvidia1", "GPU-1"),
        ("1,0", "nvidiactl nvidia-uvm nvidia1 nvidia0", "GPU-1,GPU-0"),
    ],
)
def test_graphics_cards_pass_as_asked(cards, gpu, nodes, visible):
    found, variables = find_devices(gpu, f"{cards}/dev", f"{cards}/proc")
    assert found == [f"{cards}/dev/{name}" for name in nodes.split()]
    assert variables.get("CUDA_VISIBLE_DEVICES") == visible


@pytest.mark.parametrize("gpu", ["2", "0,2", "x", "-1", "0,", " 0"])
def test_a_card_that_there_is_not_is_refused(cards, gpu):
    with pytest.raises(ExecError, match="--gpu"):
        find_devices(gpu, f"{cards}/dev", f"{cards}/proc")


def test_a_card_without_a_lasting_name_is_known_by_its_place(cards, tmp_path):
    _, variables = find_devices("1", f"{cards}/dev", f"{tmp_path}/nothing")
    assert variables == {"CUDA_VISIBLE_DEVICES": "0"}


def test_inside_our_own_sandbox_the_outer_one_holds(plan_for):
    plan = plan_for()
    enclosure = enclose(plan, "/bin/true", ["true"], Abilities(inherited=True))
    assert (enclosure.mechanism, enclosure.argv, enclosure.env) == ("inherited", ["true"], plan.env)
    assert (enclosure.spared(), enclosure.settle(0), enclosure.degraded, enclosure.keep) == ([], None, [], ())
    enclosure.close()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS always has Seatbelt")
def test_a_machine_that_can_confine_nothing_is_refused(plan_for):
    with pytest.raises(ExecError) as caught:
        enclose(plan_for(), "/bin/true", ["true"], Abilities(problem="no_userns", bwrap="/usr/bin/bwrap"))
    assert (caught.value.exit_code, caught.value.code) == (125, "sandbox")
    assert "doctor" in str(caught.value.hint)


def test_an_enclosure_is_what_every_mechanism_answers_to():
    enclosure = Enclosure("landlock", "/bin/true", ["true"], {}, degraded=["private_tmp"], confine=lambda: None)
    enclosure.started(1)
    assert enclosure.degraded == ["private_tmp"]
    assert enclosure.confine is not None


@pytest.mark.parametrize(
    "name",
    [
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("PIP_CERT", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE"),
    ],
)
def test_what_names_trusted_certificates_passes_with_the_network_and_its_files_show(plan_for, home, name):
    make(home, "certs/own.pem", "certs/other.key")
    env = {name: f"{home}/certs/own.pem"}
    plan = plan_for(env=env, network="host")
    assert plan.env[name] == f"{home}/certs/own.pem"
    assert below_home(plan, home) == ["certs/own.pem"]
    without = plan_for(env=env)
    assert (name in without.env, without.dropped, below_home(without, home)) == (False, [name], [])


def test_folders_of_certificates_show_and_no_secrets_by_that_name(plan_for, home):
    make(home, "certs/a.pem", "more/b.pem", ".ssh/id")
    env = {"SSL_CERT_DIR": f"{home}/certs:{home}/more:relative:/no/such", "SSL_CERT_FILE": f"{home}/.ssh/id"}
    env |= {"PIP_CERT": str(home)}
    assert below_home(plan_for(env=env, network="host"), home) == ["certs", "more"]
