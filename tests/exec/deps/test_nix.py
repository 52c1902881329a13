"""--nix-shell: packages from a real Nix, resolved outside of the sandbox, the command inside of it."""

import signal
import subprocess

import pytest

SEEDS = [
    (["--nix-shell", "--deps", "ripgrep fd", "--", "rg", "pattern", "."], b"rg from Nix: pattern .\n"),
    (
        ["--nix-shell", "--deps", "python311Packages.langchain openai", "--", "python", "setup_llm.py"],
        b"of langchain and of openai\n",
    ),
    (["--nix-shell", "--deps", "go golangci-lint", "--", "go", "test", "./..."], b"go from Nix: test ./...\n"),
]


@pytest.mark.promise("S0-06", "S0-10")
@pytest.mark.parametrize(("words", "printed"), SEEDS, ids=["ripgrep", "langchain", "go"])
def test_the_seeds_lines_run_with_what_they_ask_for(anyones_place, words, printed):
    place = anyones_place
    place.write("work/setup_llm.py", "import langchain, openai\nprint(langchain.version, 'and', openai.version)\n")
    for said in (b"llm-exec: asking Nix for", b""):
        ran = place.run(*words, cwd=place.work)
        assert (ran.code, ran.out) == (0, printed)
        assert ran.err.startswith(said)


def names(ran):
    (facts,) = ran.result["deps"]
    return facts["packages"]


def is_cached(ran):
    """Whether Nix was not asked; the run must have worked."""
    assert ran.code == 0, ran
    return ran.result["deps"][0]["cached"]


@pytest.mark.promise("S0-07")
@pytest.mark.parametrize(
    "named",
    [
        "a;rm -rf .",
        "$(touch made)",
        "ripgrep) (builtins.trace (builtins.readFile /etc/hostname)",
        "builtins.currentSystem}",
        'ripgrep"',
        "${ripgrep}",
        "./fd.nix",
        "/etc/passwd",
        "--expr",
        "-p",
        "fd.",
        ".fd",
        "fd..bin",
        "fd@10",
        "unstable#fd",
        "ﬁnd",
    ],
)
def test_what_is_not_a_name_is_refused_before_anything_runs(place, run, named):
    ran = run("--json", "--nix-shell", f"--deps={named}", "--", "touch", "made")
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "usage")
    assert ran.result["hints"]
    assert not (place.work / "made").exists()
    assert not (place.folder / "nix").exists()


@pytest.mark.parametrize("typed", ["nixpkgs#fd", "nixpkgs.fd", "fd,ripgrep", "fd, ripgrep", " fd\tripgrep "])
def test_other_ways_to_name_packages_are_understood(run, typed):
    assert run("--nix-shell", "--deps", typed, "--", "fd", ".").out == b"fd from Nix: .\n"


def test_a_version_in_a_name_is_answered_with_what_nixpkgs_has(run):
    hints = run("--json", "--nix-shell", "--deps", "fd@10", "--", "true").result["hints"]
    assert hints[0].startswith("nixpkgs has one version of each: write fd;")


@pytest.mark.parametrize(
    ("deps", "message", "hint"),
    [
        ("ripgrepp fd", "Nix has no package ripgrepp: error: attribute 'ripgrepp' missing", "did you mean ripgrep?"),
        ("rg", "Nix has no package rg: ", "did you mean ripgrep?"),
        ("python311Packages.nosuch", "Nix has no package nosuch: ", "https://search.nixos.org/packages"),
        ("lib", "lib is in nixpkgs, but it is not a package", ""),
        ("function", "function is in nixpkgs, but it is not a package", ""),
        ("failing", "failed with exit code 3; this cannot be built", "nix-shell -p"),
    ],
)
def test_packages_that_cannot_be_had_are_125_with_nixs_words_and_nothing_runs(place, run, deps, message, hint):
    ran = run("--json", "--nix-shell", "--deps", deps, "--", "touch", "made")
    assert (ran.code, ran.result["status"], ran.result["setup_error"]["code"]) == (125, "error", "deps")
    assert message in ran.result["setup_error"]["message"]
    assert hint in "".join(ran.result["hints"])
    assert not (place.work / "made").exists()


def test_a_failing_command_is_not_confused_with_a_missing_package(run):
    ran = run("--json", "--nix-shell", "--deps", "fd", "--", "sh", "-c", "fd .; exit 7")
    assert (ran.code, ran.result["status"], ran.result["stdout"]) == (7, "failed", "fd from Nix: .\n")
    assert "setup_error" not in ran.result


@pytest.mark.promise("S0-11")
def test_without_nix_nothing_runs_and_the_hint_says_how_to_get_it(place, run):
    folder = place.folder / "bin"
    folder.mkdir()
    for program in ("touch", "sh", "bwrap"):
        (folder / program).symlink_to(f"/usr/bin/{program}")
    ran = run("--json", "--nix-shell", "--deps", "fd", "--", "touch", "made", env={"PATH": str(folder)})
    assert (ran.code, ran.result["setup_error"]["code"]) == (125, "deps")
    assert "nix-shell" in ran.result["setup_error"]["message"]
    assert "nixos.org/download" in ran.result["hints"][0]
    assert not (place.work / "made").exists()


def test_the_command_runs_in_the_sandbox_and_sees_the_packages(place, run):
    ran = run("--json=full", "--nix-shell", "--deps", "fd", "--", "sh", "-c", "fd .; ls -A $HOME; env")
    assert (ran.result["sandbox"]["level"], ran.result["sandbox"]["loosened"]) == ("full", [])
    assert ran.result["stdout"].startswith("fd from Nix: .\n")
    assert "nixpkgs" not in ran.result["stdout"].partition("PATH")[0]
    assert not [line for line in ran.result["stdout"].splitlines() if line.startswith(("NIX_", "IN_NIX_SHELL"))]


@pytest.mark.parametrize("options", [["--level", "restricted"], ["--no-sandbox"]], ids=" ".join)
def test_packages_come_with_every_level(run, options):
    ran = run(*options, "--nix-shell", "--deps", "fd", "--", "fd", ".")
    assert (ran.code, ran.out) == (0, b"fd from Nix: .\n")


def test_packages_with_hooks_bring_their_variables_and_nothing_that_only_a_build_needs(run):
    ran = run("--json=full", "--nix-shell", "--deps", "zlib fd", "--", "sh", "-c", "fd .; env")
    lines = ran.result["stdout"].splitlines()
    assert lines[0] == "fd from Nix: ."
    assert [line for line in lines if line.startswith("NIX_LDFLAGS= -L") and line.endswith("-zlib-1/lib")]
    left = {"out", "builder", "name", "stdenv", "buildInputs", "cc_of_build", "IN_NIX_SHELL", "NIX_BUILD_TOP"}
    assert not left.intersection(line.partition("=")[0] for line in lines)


def test_pure_leaves_nothing_of_the_machine_on_path(place, run):
    words = ("--nix-shell", "--nix-pure", "--deps", "fd", "--")
    ran = run(*words, "sh", "-c", "echo $PATH")
    assert ran.code == 0
    assert all(entry.startswith(f"{place.folder}/nix/store/") for entry in ran.out.decode().strip().split(":"))
    assert run(*words, "ls").code == 127
    assert run("--nix-shell", "--deps", "fd", "--", "ls").code == 0


def test_a_bare_name_beside_python_packages_is_taken_from_there_where_it_is_and_that_is_said(run):
    words = ("--nix-shell", "--deps", "python311Packages.langchain openai jq ripgrep", "--", "python", "-c")
    ran = run(*words, "import openai, jq")
    assert ran.code == 0
    assert b"openai is taken from python311Packages\n" in ran.err
    assert b"jq is taken from python311Packages; pkgs.jq names the one outside of it\n" in ran.err
    assert (
        run("--nix-shell", "--deps", "python311Packages.langchain pkgs.jq", "--", "jq", ".").out == b"jq from Nix: .\n"
    )
    ran = run("--json", *words[:3], "--", "rg", "x")
    assert (ran.code, len(ran.result["hints"])) == (0, 2)


@pytest.mark.promise("S0-12")
def test_a_missing_command_is_taken_from_nix_and_that_is_said(run):
    ran = run("--nix-shell", "--", "golangci-lint", "run")
    assert (ran.code, ran.out) == (0, b"golangci-lint from Nix: run\n")
    said = b"llm-exec: golangci-lint is not installed: it comes from Nix's package golangci-lint\n"
    assert said in ran.err
    assert said in run("--nix-shell", "--", "golangci-lint", "run").err
    ran = run("--json", "--nix-shell", "--", "golangci-lint", "run")
    assert (names(ran), is_cached(ran)) == (["golangci-lint"], True)
    assert ran.result["hints"] == [said.decode().strip().removeprefix("llm-exec: ")]


@pytest.mark.promise("S0-12")
def test_what_is_there_is_not_taken_from_nix_and_an_unknown_command_is_127(place, run):
    ran = run("--json", "--nix-shell", "--", "ls")
    assert (ran.code, "deps" in ran.result) == (0, False)
    ran = run("--json", "--nix-shell", "--", "no-such-command-anywhere")
    assert (ran.code, ran.result["setup_error"]["code"]) == (127, "not_found")
    assert "--deps PACKAGE" in ran.result["hints"][-1]
    ran = run("--nix-shell", "--", "golangci-lint", env={"LLMX_EXEC__NIX_SHELL__AUTO_DEPS": "false"})
    assert ran.code == 127


def test_the_commands_of_a_shell_line_are_inferred_too(run):
    ran = run("--json", "--nix-shell", "--deps", "fd", "--command", "fd . | cat && golangci-lint run")
    assert ran.result["stdout"] == "fd from Nix: .\ngolangci-lint from Nix: run\n"
    assert names(ran) == ["fd", "golangci-lint"]


@pytest.mark.promise("S0-12")
def test_without_the_option_the_hint_says_that_nix_has_the_command(run):
    ran = run("--json", "--", "golangci-lint", "run")
    assert ran.code == 127
    assert "llm-exec --json --nix-shell -- golangci-lint run" in ran.result["hints"][0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_nix_is_ended_with_the_run_and_the_command_never_starts(place, run, until, number, code):
    duration = f"61.{int(place.mark[:12], 16)}"
    text = (place.nixpkgs / "default.nix").read_text()
    place.write("nixpkgs/default.nix", text.replace("sleep 61", f"sleep {duration}"))

    def builds():
        """Whether the builder, which Nix gives an environment of its own, is there."""
        done = subprocess.run(["pgrep", "-f", f"^sleep {duration}$"], check=False, capture_output=True)
        return done.returncode == 0

    process = place.start("--json", "--nix-shell", "--deps", "slow", "--", "touch", "made", cwd=place.work)
    until(builds, "the build")
    process.send_signal(number)
    ran = place.finish(process)
    assert (ran.code, ran.result["status"]) == (code, "interrupted")
    assert not builds()
    assert not (place.work / "made").exists()
