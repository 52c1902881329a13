"""What an agent types when it does not know llm-exec yet, literally, and what it is told to type instead."""

import os
import shlex

import pytest

SHELL_LINE = "this is one word to llm-exec; --command "

# what is typed, llm-exec's exit code, and a literal part of the one hint
MISTAKES = [
    # a shell line as one word, or shell syntax as words
    (["echo a && echo b"], 127, f"{SHELL_LINE}'echo a && echo b'"),
    (["ls | wc -l"], 127, f"{SHELL_LINE}'ls | wc -l'"),
    (["ls -la"], 127, f"{SHELL_LINE}'ls -la'"),
    (["cd src && ls"], 127, f"{SHELL_LINE}'cd src && ls'"),
    (["for i in 1 2; do echo $i; done"], 127, f"{SHELL_LINE}'for i in 1 2; do echo $i; done'"),
    (["A=1 ls"], 127, f"{SHELL_LINE}'A=1 ls'"),
    (["$HOME/bin/tool"], 127, f"{SHELL_LINE}'$HOME/bin/tool'"),
    (["'ls'"], 127, SHELL_LINE),
    (["ls", "missing", "|", "wc"], 2, "| went to ls as a plain word: --command "),
    (["ls", "missing", "&&", "pwd"], 2, "&& went to ls as a plain word: --command "),
    (["ls", "missing", "2>/dev/null"], 2, "2>/dev/null went to ls as a plain word: --command "),
    (["ls", "missing", ">out"], 2, ">out went to ls as a plain word: --command "),
    (["cat", "<", "data.txt"], 1, "< went to cat as a plain word: --command "),
    (["cat", "data.txt;", "pwd"], 1, "data.txt; went to cat as a plain word: --command "),
    (["sleep", "0", "&"], 1, "& went to sleep as a plain word: --command "),
    (["grep", "a b", "missing", "|", "wc"], 2, """--command 'grep '"'"'a b'"'"' missing | wc' runs"""),
    (["ls", "*.nothing"], 2, "*.nothing was not expanded: --command 'ls *.nothing'"),
    # words that only a shell has
    (["cd", "src"], 127, "llm-exec --cwd src -- CMD"),
    (["cd"], 127, "llm-exec --cwd DIR -- CMD"),
    (["export", "A=1"], 127, "export is a shell's own word: --command 'export A=1 && CMD'"),
    (["source", "venv/bin/activate"], 127, "bash's own word: llm-exec -- bash -c 'source venv/bin/activate && CMD'"),
    (["if", "true"], 127, "if is a shell's own word: --command"),
    (["[[", "-f", "x", "]]"], 127, "[[ is bash's own word: llm-exec -- bash -c '[[ -f x ]]'"),
    (["A=1", "ls", "-l"], 127, "llm-exec -- env A=1 ls -l"),
    (["~/bin/tool"], 127, "the ~ was not expanded: write {folder}/bin/tool"),
    # the command's name
    (["sleeep", "1"], 127, "did you mean sleep?"),
    (["LS", "-l"], 127, "did you mean ls -l?"),
    (["cat.exe"], 127, "did you mean cat?"),
    (["script.py", "-x"], 127, "llm-exec -- python3 ./script.py -x"),
    (["./script.py"], 126, "llm-exec -- python3 ./script.py"),
    (["run.sh"], 127, "llm-exec -- sh ./run.sh"),
    (["./data.txt"], 126, "chmod +x ./data.txt"),
    (["tool"], 127, "did you mean ./tool? The current folder is not on PATH"),
    (["./tol"], 127, "did you mean ./tool?"),
    (["./no/such/tool"], 127, "the folder {folder}/./no/such does not exist"),
    (["./windows.sh"], 126, r"sed -i 's/\r$//'"),
    (["./lost"], 127, "./lost is a link to nowhere, and that is not there"),
    (["./odd"], 126, "its first line is #!/no/such/interpreter"),
    (["src"], 127, "src is a folder: llm-exec --cwd src -- CMD"),
    (["./src"], 126, "./src is a folder: llm-exec --cwd ./src -- CMD"),
    (["https://example.org/x"], 127, "llm-exec -- curl -fsSL https://example.org/x"),
    (["no-such-program-here"], 127, "no-such-program-here is not in any folder of PATH"),
    # options
    ([], 125, "llm-exec -- CMD ARGS…"),
    (["--", "--timeout", "5", "ls"], 127, "options of llm-exec stand before --"),
    (["\N{EM DASH}timeout", "5", "ls"], 127, "--timeout is written with two plain dashes"),
    (["--timout", "5", "ls"], 125, "did you mean --timeout?"),
    (["-timeout", "5", "ls"], 125, "did you mean --timeout?"),
    (["--Timeout=5", "ls"], 125, "did you mean --timeout?"),
    (["-t", "5", "ls"], 125, "did you mean --timeout?"),
    (["--no-timeout", "ls"], 125, "--timeout 0 is none"),
    (["--timeout", "5 minutes", "ls"], 125, "for example --timeout 90, 10m or 1h30m"),
    (["--timeout", "-1", "ls"], 125, "for example --timeout 90, 10m or 1h30m"),
    (["--timeout", "ls"], 125, "for example --timeout 90, 10m or 1h30m"),
    (["--timeout"], 125, "for example --timeout 90, 10m or 1h30m"),
    (["--kill-after", "5", "ls"], 125, "did you mean --grace?"),
    (["--signal=KILL", "ls"], 125, "SIGTERM, and after --grace TIME SIGKILL"),
    (["--memory", "lots", "ls"], 125, "for example --memory 512M or 2G"),
    (["--mem", "1G", "ls"], 125, "did you mean --memory?"),
    (["--cpu", "5", "ls"], 125, "did you mean --cpu-time?"),
    (["--max-procs", "many", "ls"], 125, "for example --max-procs 16"),
    (["-c", "ls | wc"], 125, "--command 'a | b' runs a shell command line"),
    (["--shell", "ls"], 125, "--command 'a | b' runs a shell command line"),
    (["--command", "ls", "-la"], 125, "the whole shell line is one word: --command 'ls -la'"),
    (["--command", "ls", "src"], 125, "put everything into the string"),
    (["--dir", "src", "ls"], 125, "did you mean --cwd?"),
    (["--input", "data.txt", "cat"], 125, "did you mean --stdin FILE?"),
    (["--stdin", "missing", "cat"], 125, "--stdin none gives an empty stdin"),
    (["--no-stdin", "cat"], 125, "did you mean --stdin none?"),
    (["--format=json", "ls"], 125, "did you mean --json?"),
    (["--output", "json", "ls"], 125, "did you mean --json or --result FILE?"),
    (["--quiet=1", "ls"], 125, "write --quiet alone"),
    (["--silent", "ls"], 125, "did you mean --quiet?"),
    (["-d", "ls"], 125, "--background"),
    (["--no-network", "ls"], 125, "--net none is the default"),
    (["--verbose", "ls"], 125, "did you mean --monitor?"),
    (["--version"], 125, "llmx --version shows it"),
    (["--no-such-thing-at-all", "ls"], 125, "llm-exec --help lists the options"),
]


@pytest.fixture(scope="module")
def workshop(module_place):
    """A folder with the files that the table's commands are about."""
    module_place.write("script.py", "print(1)\n")
    module_place.write("run.sh", "exit 0\n")
    module_place.write("data.txt", "data\n")
    module_place.write("tool", "#!/bin/sh\n", 0o755)
    module_place.write("windows.sh", "#!/bin/sh\r\necho\r\n", 0o755)
    module_place.write("odd", "#!/no/such/interpreter\n", 0o755)
    (module_place.folder / "src").mkdir()
    (module_place.folder / "lost").symlink_to("nowhere")
    return module_place


@pytest.mark.parametrize(
    ("words", "code", "hint"), MISTAKES, ids=[" ".join(words) or "nothing" for words, *_ in MISTAKES]
)
def test_a_mistake_is_answered_with_what_to_type_instead(workshop, words, code, hint):
    hint = hint.replace("{folder}", str(workshop.folder))
    ran = workshop.run("--json", *words)
    assert ran.code == code
    assert hint in ran.result["hints"][0]
    live = workshop.run("--no-sandbox", *words)
    assert live.code == code
    [line] = [line for line in live.err.decode().splitlines() if "hint: " in line]
    assert hint in line


def test_the_mode_of_json_as_a_word_of_its_own(workshop):
    assert "--json=full" in workshop.run("--json", "full", "ls").result["hints"][0]


@pytest.mark.parametrize(
    "words", [["grep", "<div>", "data.txt"], ["grep", "a>b", "data.txt"], ["test", "1", "-gt", "2"]]
)
def test_a_command_that_simply_fails_gets_no_advice(workshop, words):
    ran = workshop.run("--json", *words)
    assert (ran.code, ran.result["hints"]) == (1, [])


@pytest.mark.parametrize(("name", "instead"), [("python", "python3"), ("node", "nodejs"), ("docker", "podman")])
def test_a_program_that_is_here_under_another_name(workshop, name, instead):
    (workshop.folder / "programs").mkdir(exist_ok=True)
    workshop.write(f"programs/{instead}", "", 0o755)
    ran = workshop.run("--json", name, "-x", env={"PATH": str(workshop.folder / "programs")})
    assert ran.result["hints"] == [f"{name} is not installed here, {instead} is: llm-exec -- {instead} -x"]


@pytest.mark.parametrize("line", ["set -o pipefail; true", "[[ -f x ]]", "source ./run.sh", "a=(1 2); echo $a"])
def test_a_shell_line_that_only_bash_understands_is_told_so(workshop, line):
    if os.path.realpath("/bin/sh").endswith("bash"):
        assert workshop.run("--json", "--command", line).result["hints"] == []
        return
    [hint] = workshop.run("--json", "--command", line).result["hints"]
    assert hint == f"--command runs sh, and this is bash: llm-exec -- bash -c {shlex.quote(line)}"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("nix-shell", "Nix has it, as python3Packages.pytest: llm-exec --no-sandbox --json --nix-shell -- pytest -q"),
        ("uv", "it is a Python package: llm-exec --no-sandbox --json --uv pytest -- pytest -q"),
        ("", "pytest is not installed here"),
    ],
)
def test_a_program_that_is_known_is_not_taken_for_one_that_is_alike(workshop, source, hint):
    folder = workshop.folder / f"with {source}"
    folder.mkdir()
    for name in ("ctest", *([source] if source else [])):
        workshop.write(f"{folder.name}/{name}", "", 0o755)
    ran = workshop.run("--json", "pytest", "-q", env={"PATH": str(folder)})
    assert ran.result["hints"] == [hint]
