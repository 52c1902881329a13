"""The completion scripts at work in the real shells: what TAB offers, and what it leaves to the command behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "completions"

# what is typed before TAB -> the one word that fits
ONE_FITS = {
    "llmx comp": "completion",
    "llmx config sche": "schema",
    "llmx completion show z": "zsh",
    "llmx help exi": "exit-codes",
    "llmx version --output js": "json",
    "llmx --output js": "json",
    "llmx --quiet --profile dev": "development",
    "llmx --profile development --trace inf": "info",
    "llmx --profile development hist": "history",
    "llmx config show --profile mini": "minimal",
    "llmx config get exec.gra": "exec.grace",
    "llmx config set llm.api_b": "llm.api_base",
    "llm-exec --profile mini": "minimal",
    "llm-exec --tim": "--timeout",
    "llm-exec --timeout 5 --mon": "--monitor",
    "llmx exec --cwd / --keep-c": "--keep-children",
    "llmx exec --keep-children --res": "--result",
    "llm-exec llmx-test-com": "llmx-test-command",
    "llm-exec -- llmx-test-com": "llmx-test-command",
    "llmx exec --json -- llmx-test-com": "llmx-test-command",
    "llm-exec --timeout 5 llmx-test-com": "llmx-test-command",
    "llm-exec --cwd only-f": "only-folder/",
    "llm-exec llmx-test-command alph": "alphabet",
    "llmx exec -- llmx-test-command alph": "alphabet",
}

BASH = """
source "$1"
complete -W alphabet llmx-test-command
_command_offset() {  # as bash-completion has it, for the one command of this test
  if ((COMP_CWORD > $1)); then mapfile -t COMPREPLY < <(compgen -W alphabet -- "${COMP_WORDS[COMP_CWORD]}")
  else mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"); fi
}
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
_llmx
((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -d -S / -- "${COMP_WORDS[COMP_CWORD]}")  # complete -o default
printf '%s\\n' "${COMPREPLY[@]}"
"""

FISH = """
source $argv[1]
complete -c llmx-test-command -f -a alphabet
complete -C $argv[2]
"""

# a zsh on a terminal of its own: type each line, press TAB, and let a key show what the line has become
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; PS1=; stty columns 200"
zpty -w shell "show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle -I }; zle -N show; bindkey '^X' show; setopt nobeep"
zpty -w shell "_of_test() { compadd alphabet }; compdef _of_test llmx-test-command; print READ''Y"
zpty -r -m shell seen '*READY*'
for typed in "${@:2}"; do
  zpty -w -n shell "$typed"$'\t\x18'
  zpty -r -m shell seen '*<*>*'
  seen=${${seen##*<}%%>*}
  print -r -- "$seen"
done
zpty -d shell
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one folder in it, and a PATH with llmx and a command that only this test has."""
    (tmp_path / "only-folder").mkdir()
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "llmx-test-command"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    llmx = tmp_path / "bin" / "llmx"
    llmx.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m llmx "$@"\n')
    llmx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.defpath}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def bash(typed):
    """What bash offers for the last word; it splits words at ``=`` itself."""
    return output("bash", "-c", BASH, "-", COMPLETIONS / "llmx.bash", *typed.replace("=", " = ").split(" "))


def fish(typed):
    offered = output("fish", "--no-config", "-c", FISH, COMPLETIONS / "llmx.fish", typed)
    return [line.split("\t")[0] for line in offered]


@pytest.mark.promise("S2-08")
@pytest.mark.parametrize(("typed", "word"), ONE_FITS.items())
def test_bash_offers_the_word_that_fits(folder, typed, word):
    assert set(bash(typed)) == {word}


@pytest.mark.promise("S2-08")
@pytest.mark.parametrize(("typed", "word"), ONE_FITS.items())
def test_fish_offers_the_word_that_fits(folder, typed, word):
    assert fish(typed) == [word]


@pytest.mark.promise("S2-08")
def test_zsh_completes_the_word_that_fits(folder):
    lines = output("zsh", "-f", "-c", ZSH, "-", COMPLETIONS, *ONE_FITS)
    expected = {typed: f"{typed.rpartition(' ')[0]} {word}" for typed, word in ONE_FITS.items()}
    assert {typed: line.rstrip(" ") for typed, line in zip(ONE_FITS, lines, strict=True)} == expected


def test_what_the_value_of_an_option_may_be_is_offered_after_the_equals_sign_too():
    assert bash("llmx version --output=") == ["text", "json"]
    assert bash("llmx version --output=js") == ["json"]
    assert bash("llm-exec --timeout=5 --mon") == ["--monitor"]


@pytest.mark.parametrize("shell", [bash, fish])
def test_hidden_commands_are_not_offered(folder, shell):
    assert "list" in shell("llmx trust ")
    assert "add" not in shell("llmx trust ")


@pytest.mark.parametrize("shell", [bash, fish])
def test_behind_the_command_no_option_of_llm_exec_is_offered(folder, shell):
    assert not [word for word in shell("llm-exec llmx-test-command --") if word.startswith("--")]
    assert not [word for word in shell("llm-exec -- llmx-test-command --") if word.startswith("--")]


NAMED = ["llmx help exi", "llmx --profile mini", "llm-exec --profile mini", "llmx config get exec.gra"]


@pytest.mark.parametrize("shell", [bash, fish])
@pytest.mark.parametrize("typed", NAMED)
def test_where_llmx_cannot_be_asked_nothing_is_offered_in_its_place(folder, shell, typed):
    (folder / "bin" / "llmx").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    assert [word for word in shell(typed) if word] == []


@pytest.mark.parametrize("shell", [bash, fish])
def test_the_program_asked_is_the_one_that_was_typed(folder, shell):
    (folder / "bin" / "llmx").rename(folder / "only-folder" / "llmx")
    assert shell("only-folder/llmx config get exec.gra") == ["exec.grace"]
    assert [word for word in shell("llmx config get exec.gra") if word] == []


@pytest.mark.parametrize("shell", [bash, fish])
def test_a_word_that_starts_an_option_asks_no_python(folder, shell):
    (folder / "bin" / "llmx").write_text("#!/bin/sh\ntouch asked\n")
    assert "--output" in shell("llmx config get --out")
    assert "config" in shell("llmx conf")
    assert not (folder / "asked").exists()
