"""``llmx exec`` in the tree: its help and schema come from the one table of options, its words go to the one parser."""

import json
import subprocess
import sys

import jsonschema
import pytest

from llmx.exec.options import OPTIONS

LLM_EXEC = "import sys; sys.argv[0] = '/bin/llm-exec'; from llmx.__main__ import exec_main; sys.exit(exec_main())"
WAYS = {"llmx exec": ["-m", "llmx", "exec"], "llm-exec": ["-c", LLM_EXEC]}


def run(*words, way="llmx exec", **options):
    return subprocess.run([sys.executable, *WAYS[way], *words], check=False, capture_output=True, text=True, **options)


def test_both_names_show_the_same_help_each_under_its_own_name():
    shown = {way: run("--help", way=way).stdout for way in WAYS}
    assert shown["llmx exec"].startswith("Usage: llmx exec [OPTIONS] [--] CMD [ARGS]...\n")
    assert shown["llm-exec"] == shown["llmx exec"].replace("Usage: llmx exec ", "Usage: llm-exec ", 1)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.dest)
def test_help_shows_every_option_of_the_table_in_its_words(option):
    text = " ".join(run("--help").stdout.split())
    assert all(flag in text for flag in option.flags)
    if option.dest != "help":  # that one is Typer's own
        shown = [option.flags[0], *([option.metavar] if option.metavar and option.kind != "mode" else []), option.help]
        assert " ".join(shown) in text


@pytest.mark.parametrize("way", WAYS)
def test_the_schema_is_a_json_schema(way):
    done = run("--schema", way=way)
    assert done.returncode == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(done.stdout))


@pytest.mark.parametrize("before", [[], ["--"], ["--quiet"], ["--timeout", "9", "--"]], ids=" ".join)
@pytest.mark.parametrize("way", WAYS)
def test_help_behind_the_command_is_the_commands(way, before):
    done = run("--no-sandbox", *before, "sh", "-c", 'echo "$@"', "-", "--help", "--schema", way=way)
    assert done.stdout == "--help --schema\n"


@pytest.mark.parametrize("word", ["--help", "--schema"])
def test_what_is_wrong_beside_help_is_still_refused(word):
    done = run(word, "--nonsense")
    assert done.returncode == 125
    assert "unknown option --nonsense" in done.stderr
    assert done.stdout == ""


@pytest.mark.promise("S0-18")
def test_a_time_limit_from_the_settings_holds_until_timeout_0_lifts_it(tmp_path):
    (tmp_path / "llmx.toml").write_text("exec.isolation.timeout = 0.4\nexec.grace = 0.2\n")
    assert run("--", "sleep", "30", cwd=tmp_path).returncode == 124
    assert run("--timeout", "0", "--", "sleep", "0.8", cwd=tmp_path).returncode == 0
    help = " ".join(run("--help").stdout.split())
    assert "0 = never. Default 300." in help
