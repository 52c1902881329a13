"""``llmx config``, run as a user would."""

import json
import os
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llmx import paths
from llmx.cli.config import app
from llmx.core.settings.keys import BY_NAME, PROFILES, defaults
from llmx.errors import ConfigError, LlmxError, UsageError


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("LLMX_", "LLM_", "AUTOBOT_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    (folder / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder / "project")
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(tmp_path / "etc.toml"))
    return folder


def run(*words: str, code: int = 0) -> str:
    """What the command prints; stderr is kept apart."""
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def said(*words: str) -> str:
    """What the command tells on stderr."""
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stderr


def refused(*words: str) -> LlmxError:
    with pytest.raises(LlmxError) as caught:
        run(*words)
    return caught.value


def user_file(home: Path) -> Path:
    return home / ".config" / "llmx" / "config.toml"


def write(home: Path, text: str) -> Path:
    file = user_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


class TestInit:
    def test_it_writes_a_file_that_sets_nothing_and_names_every_key(self, home):
        assert run("init").strip() == str(user_file(home))
        text = user_file(home).read_text()
        assert all(name.rpartition(".")[2] in text for name in BY_NAME)
        assert run("validate") == f"{user_file(home)}: valid\n"
        assert json.loads(run("show", "--output", "json"))["exec"]["grace"] == 5.0

    def test_it_replaces_one_only_when_forced_and_that_can_be_undone(self, home):
        file = write(home, "exec.grace = 1\n")
        error = refused("init")
        assert error.exit_code == 2
        assert "--force" in (error.hint or "")
        assert file.read_text() == "exec.grace = 1\n"
        assert "llmx undo" in said("init", "--force")
        assert run("get", "exec.grace") == "5\n"


class TestShow:
    def test_it_prints_every_key(self, home):
        lines = run("show").splitlines()
        assert [line.partition(" = ")[0] for line in lines] == list(BY_NAME)
        assert "exec.isolation.timeout = 300" in lines
        assert 'exec.capture_bytes = "64K"' in lines
        assert "llm.model = (unset)" in lines

    @pytest.mark.promise("S0-04")
    def test_a_section_as_json_is_a_table(self, home):
        assert json.loads(run("show", "agents_md", "--output", "json")) == {
            "agents_md": {"enabled": True, "auto_update": True}
        }

    def test_a_section_does_not_take_its_neighbors(self, home):
        assert run("show", "exec.isolation").count("\n") == 3
        assert run("show", "exec.grace") == "exec.grace = 5\n"

    def test_sources_name_layer_file_line_and_variable(self, home, monkeypatch):
        write(home, "# mine\nexec.grace = 1\n")
        monkeypatch.setenv("LLMX_EXEC__STALL_TIMEOUT", "9")
        text = run("show", "--sources", "exec")
        assert f"# user ({user_file(home)}:2)" in text
        assert "# environment (LLMX_EXEC__STALL_TIMEOUT)" in text
        assert "# default" in text
        rows = {row["key"]: row for row in json.loads(run("show", "--sources", "--output", "json"))}
        assert set(rows) == set(BY_NAME)
        expected = {"key": "exec.grace", "value": 1.0, "layer": "user", "file": str(user_file(home)), "line": 2}
        assert rows["exec.grace"] == {**expected, "variable": "", "also": []}

    def test_profile_and_config_are_layers(self, home):
        (home / "given.toml").write_text("exec.grace = 3")
        text = run("show", "--sources", "exec", "--profile", "pi", "--config", str(home / "given.toml"))
        assert f"# config ({home / 'given.toml'}:1)" in text
        assert "# profile (" in text

    def test_the_output_setting_counts(self, home, monkeypatch):
        monkeypatch.setenv("LLMX_OUTPUT", "json")
        assert json.loads(run("show"))["output"] == "json"

    def test_an_unknown_section_is_an_error_with_the_nearest(self, home):
        error = refused("show", "exec.isolatoin")
        assert (error.exit_code, error.hint) == (2, "did you mean exec.isolation?")

    def test_what_was_left_out_is_told_on_stderr_alone(self, home):
        Path("llmx.toml").write_text("llm.api_base = 'http://evil.example'")
        assert "evil" not in run("show")
        assert "llm.api_base is ignored" in said("show")


class TestGet:
    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("exec.isolation.timeout", "300"),
            ("exec.capture_bytes", "64K"),
            ("exec.policy.level", "safe"),
            ("llm.model", ""),
            ("llm.fallback", "[]"),
            ("audit.required", "false"),
        ],
    )
    def test_it_prints_the_value_alone(self, home, key, text):
        assert run("get", key).strip('"\n') == text
        assert json.loads(run("get", key, "--output", "json"))["value"] == json.loads(json.dumps(defaults()[key]))

    def test_an_unknown_key_is_an_error_with_the_nearest(self, home):
        error = refused("get", "exec.isolation.timeuot")
        assert (error.exit_code, error.hint) == (2, "did you mean exec.isolation.timeout?")


class TestSet:
    @pytest.mark.parametrize(
        ("key", "text", "written", "value"),
        [
            ("exec.isolation.timeout", "10m", "10m", 600.0),
            ("exec.isolation.timeout", "600", 600, 600.0),
            ("exec.memory", "2GiB", "2GiB", 2 << 30),
            ("exec.isolation.enabled", "off", False, False),
            ("llm.fallback", "ollama,openai", ["ollama", "openai"], ["ollama", "openai"]),
            ("llm.temperature", "0", 0.0, 0.0),
            ("llm.api_key", "env:OPENAI_API_KEY", "env:OPENAI_API_KEY", "env:OPENAI_API_KEY"),
        ],
    )
    def test_it_writes_the_value_as_it_was_typed(self, home, key, text, written, value):
        run("set", key, text)
        document = tomllib.loads(user_file(home).read_text())
        for part in key.split("."):
            document = document[part]
        assert document == written
        assert json.loads(run("get", key, "--output", "json"))["value"] == value

    def test_comments_and_neighbors_stay(self, home):
        file = write(home, "# mine\n[exec]\ngrace = 1 # short\n\n[llm]\nmodel = 'x'\n")
        run("set", "exec.grace", "2")
        assert file.read_text() == "# mine\n[exec]\ngrace = 2 # short\n\n[llm]\nmodel = 'x'\n"

    @pytest.mark.parametrize(
        ("key", "text"),
        [("exec.grace", "soon"), ("exec.policy.level", "free"), ("exec.max_procs", "-1"), ("no.such", "1")],
    )
    def test_what_does_not_fit_writes_nothing(self, home, key, text):
        file = write(home, "exec.grace = 1\n")
        assert refused("set", "--", key, text).exit_code == 2
        assert file.read_text() == "exec.grace = 1\n"

    def test_a_literal_key_is_refused_and_not_repeated(self, home):
        error = refused("set", "llm.api_key", "sk-live-123")
        assert "sk-live" not in f"{error.message}{error.hint}"
        assert "llmx keys add" in (error.hint or "")
        assert not user_file(home).exists()

    @pytest.mark.parametrize("words", [["set", "exec.grace", "3"], ["unset", "exec.grace"]], ids=" ".join)
    def test_what_is_wrong_can_be_put_right(self, home, words):
        file = write(home, "# mine\nexec.grace = 'soon'\n")
        run(*words)
        assert file.read_text() == "# mine\n" + ("exec.grace = 3\n" if words[0] == "set" else "")

    @pytest.mark.parametrize("text", ["exec.grace = \n", "nothing = 1\n", "exec.grace = 'soon'\n"])
    def test_a_file_that_is_already_wrong_is_left_as_it_is(self, home, text):
        file = write(home, text)
        error = refused("set", "llm.model", "x")
        assert isinstance(error, ConfigError)
        assert error.source == f"{file}:1"
        assert file.read_text() == text

    def test_it_says_when_something_stronger_decides(self, home, monkeypatch):
        monkeypatch.setenv("LLMX_EXEC__GRACE", "9")
        assert "exec.grace is 9 here: environment (LLMX_EXEC__GRACE) goes first" in said("set", "exec.grace", "1")


class TestUnset:
    def test_it_takes_the_key_out(self, home):
        file = write(home, "# mine\n[exec]\ngrace = 1\nstall_timeout = 2\n")
        run("unset", "exec.grace")
        assert tomllib.loads(file.read_text()) == {"exec": {"stall_timeout": 2}}
        assert file.read_text().startswith("# mine\n")

    def test_a_key_that_is_not_there_is_told(self, home):
        assert "exec.grace is not in" in said("unset", "exec.grace")
        assert not user_file(home).exists()


class TestValidate:
    def test_all_files_are_named(self, home):
        write(home, "exec.grace = 1")
        Path("llmx.toml").write_text("exec.grace = 2")
        files = [str(Path("llmx.toml").absolute()), str(user_file(home))]
        assert run("validate").splitlines() == [f"{file}: valid" for file in files]
        assert json.loads(run("validate", "--output", "json")) == {"valid": True, "files": files}

    def test_without_any_file_nothing_is_wrong(self, home):
        assert run("validate") == ""

    def test_a_value_that_does_not_fit_names_key_file_and_line(self, home):
        file = write(home, "[exec.isolation]\ntimeout = 'abc'\n")
        error = refused("validate")
        assert isinstance(error, ConfigError)
        assert (error.exit_code, error.key, error.source) == (2, "exec.isolation.timeout", f"{file}:2")

    def test_also_what_an_untrusted_project_may_not_set_is_checked(self, home):
        Path("llmx.toml").write_text("llm.model = 7")
        assert "llm.model = 7" in refused("validate").message

    def test_one_file_alone_can_be_checked(self, home, tmp_path):
        write(home, "broken")
        good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
        good.write_text("exec.grace = 1")
        bad.write_text("exec.isolation.timeuot = 1")
        assert run("validate", "--file", str(good)) == f"{good}: valid\n"
        assert refused("validate", "--file", str(bad)).hint == "did you mean exec.isolation.timeout?"
        assert "No such file" in refused("validate", "--file", str(tmp_path / "none")).message

    def test_a_wrong_variable_is_found(self, home, monkeypatch):
        monkeypatch.setenv("LLMX_EXEC__GRACE", "soon")
        assert "LLMX_EXEC__GRACE" in refused("validate").message

    def test_all_that_is_wrong_is_told_at_once(self, home, monkeypatch):
        monkeypatch.setenv("LLMX_EXEC__GRACE", "soon")
        monkeypatch.setenv("LLM_TIMEOUT", "later")
        file = write(home, "[exec]\ngrase = 1\nmemory = 'much'\nisolation = 3\n[llm]\ntop_p = 7\n")
        Path("llmx.toml").write_text("broken")
        first, *told = refused("validate").message.splitlines()
        expected = [
            f"{Path('llmx.toml').absolute()}:1:7: ",
            f"{file}:2: unknown key exec.grase (did you mean exec.grace?)",
            f"{file}:4: exec.isolation is a section",
            f"{file}:3: exec.memory = 'much': ",
            f"{file}:6: llm.top_p = 7",
            "LLMX_EXEC__GRACE='soon' does not fit exec.grace",
            "LLM_TIMEOUT='later' does not fit llm.timeout",
        ]
        assert first == "7 things are wrong"
        assert [line[: 2 + len(start)] for line, start in zip(told, expected, strict=True)] == [
            f"  {e}" for e in expected
        ]


@pytest.mark.promise("S0-40")
def test_schema_validates_what_the_commands_write(home):
    run("set", "exec.grace", "2s")
    run("set", "llm.fallback", "a,b")
    jsonschema.validate(tomllib.loads(user_file(home).read_text()), json.loads(run("schema")))


class TestPaths:
    def test_places_are_listed_the_strongest_first(self, home, tmp_path):
        Path("llmx.toml").write_text("exec.grace = 1")
        (tmp_path / "given.toml").write_text("")
        rows = json.loads(run("paths", "--output", "json", "--config", str(tmp_path / "given.toml")))
        assert [(row["layer"], row["exists"], row["trusted"]) for row in rows] == [
            ("config", True, None),
            ("project", True, False),
            ("user", False, None),
            ("system", False, None),
        ]
        text = run("paths").splitlines()
        assert text[0].split() == ["project", "not", "trusted", str(Path("llmx.toml").absolute())]
        assert text[1].split() == ["user", "absent", str(user_file(home))]


@pytest.mark.promise("S2-04")
def test_profiles_are_listed_with_what_they_are_for(home):
    assert [line.split()[0] for line in run("profiles").splitlines()] == list(PROFILES)
    assert all(set(row) == {"name", "description"} for row in json.loads(run("profiles", "--output", "json")))


class TestEdit:
    @pytest.fixture
    def editor(self, home, monkeypatch):
        """An editor that runs a line of Python on the text."""

        def use(code: str) -> None:
            script = home / "editor.py"
            script.write_text(
                f"import sys\nfile = sys.argv[-1]\ntext = open(file).read()\n{code}\nopen(file, 'w').write(text)\n"
            )
            monkeypatch.setenv("VISUAL", f"{sys.executable} '{script}' --wait")

        return use

    def test_what_was_written_is_taken_over(self, home, editor):
        file = write(home, "exec.grace = 1\n")
        editor("text += 'llm.model = \"x\"\\n'")
        run("edit")
        assert file.read_text() == 'exec.grace = 1\nllm.model = "x"\n'

    def test_without_a_file_it_starts_from_the_example(self, home, editor):
        editor("text = text.replace('# grace = 5', 'grace = 6')")
        run("edit")
        assert run("get", "exec.grace") == "6\n"

    def test_what_does_not_fit_is_kept_beside_and_not_taken_over(self, home, editor):
        file = write(home, "exec.grace = 1\n")
        editor("text = 'exec.grace = \"soon\"'")
        error = refused("edit")
        assert "'soon' is not a time" in error.message
        kept = (error.hint or "").rpartition(" ")[2]
        assert Path(kept).read_text() == 'exec.grace = "soon"'
        assert file.read_text() == "exec.grace = 1\n"

    def test_a_file_that_changed_meanwhile_is_left_as_it_is(self, home, editor):
        file = write(home, "exec.grace = 1\n")
        editor(f"open({str(file)!r}, 'w').write('exec.grace = 7\\n'); text = 'exec.grace = 2\\n'")
        assert "changed meanwhile" in refused("edit").message
        assert file.read_text() == "exec.grace = 7\n"

    def test_no_change_is_told(self, home, editor):
        write(home, "exec.grace = 1\n")
        editor("")
        assert "nothing changed" in said("edit")

    def test_an_editor_that_gives_up_changes_nothing(self, home, monkeypatch):
        file = write(home, "exec.grace = 1\n")
        monkeypatch.setenv("VISUAL", "false")
        error = refused("edit")
        assert (error.exit_code, error.message) == (2, f"false ended with exit code 1: {file} is as it was")
        assert file.read_text() == "exec.grace = 1\n"
        assert not (home / ".local/state/llmx/draft.toml").exists()

    def test_without_a_terminal_no_editor_of_a_terminal_is_started(self, home, monkeypatch):
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.delenv("EDITOR", raising=False)
        error = refused("edit")
        assert (error.exit_code, error.hint) == (2, "llmx config set KEY VALUE changes one key")

    def test_an_editor_that_is_not_there_is_an_error(self, home, monkeypatch):
        monkeypatch.setenv("VISUAL", "no-such-editor --wait")
        error = refused("edit")
        assert isinstance(error, UsageError)
        assert "no-such-editor" in error.message
