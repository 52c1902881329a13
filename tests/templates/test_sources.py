"""``templates/sources.py``: whose templates run, and which of two that are called alike."""

import asyncio
import os
import py_compile
import subprocess
import sys
import zipfile

import pytest

from llmx.core.settings.trust import revoke, trust
from llmx.errors import ConfigError, LlmxError, NotFoundError, PolicyError
from llmx.templates import sources
from llmx.templates.catalog import rows, search
from llmx.templates.running import execute
from llmx.templates.sources import BUILT_IN, find, user_folder
from tests.cli import inside
from tests.templates import own

OVER = "override = true"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of a project's templates; the working directory is below the project."""
    (tmp_path / "project" / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "src" / "deep")
    return tmp_path / "project" / ".llmx" / "templates"


def ids(source):
    return [row["id"] for row in rows()[0] if row["source"] == source]


def count(name, text="a b"):
    return asyncio.run(execute(name, {"text": text}, None)).result


@pytest.mark.promise("S2-32")
def test_a_projects_template_runs_once_it_is_trusted_and_until_it_changes(project):
    folder = own.write(project / "counting")
    _, notices = rows()
    assert (ids("project"), len(notices)) == ([], 1)
    assert f"llmx trust {folder}" in notices[0]
    with pytest.raises(PolicyError, match="is not trusted") as refused:
        find("counting")
    assert refused.value.hint == f"read it, then: llmx trust {folder}"
    trust(str(folder))
    assert (ids("project"), count("counting")) == (["counting"], 2)
    (folder / "phases.py").write_text("def count(context):\n    return 'evil'\n")
    with pytest.raises(PolicyError, match="has changed since you trusted it") as changed:
        find("counting")
    assert changed.value.hint == f"read it, then: llmx trust {folder}"
    assert "has changed since you trusted it" in rows()[1][0]
    trust(str(folder))
    (folder / "more.j2").touch()
    with pytest.raises(PolicyError):
        find("counting")
    (folder / "more.j2").unlink()
    assert count("counting") == "evil"
    assert revoke(str(folder))
    with pytest.raises(PolicyError):
        find("counting")


def test_a_hash_in_the_variable_trusts_it_where_nobody_can_be_asked(project, monkeypatch):
    folder = own.write(project / "counting")
    entry = trust(str(folder))
    revoke(str(folder))
    monkeypatch.setenv("LLMX_TRUST", f"sha256:{entry.sha256}")
    assert count("counting") == 2


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc"])
def test_a_folder_with_a_link_is_not_trusted(project, target):
    folder = own.write(project / "counting")
    (folder / "link").symlink_to(target)
    with pytest.raises(LlmxError, match=r"it holds (a link|what is no regular file)"):
        trust(str(folder))


def test_what_python_has_compiled_is_never_run(project):
    folder = own.write(project / "counting", code="def count(context):\n    return 'evil'\n")
    py_compile.compile(str(folder / "phases.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert list(folder.glob("__pycache__/*.pyc"))
    (folder / "phases.py").write_text(own.CODE)
    trust(str(folder))
    assert count("counting") == 2


@pytest.mark.parametrize(
    "run", ["../other:count", "__pycache__/other:count", "/tmp/other:count", "a.b:count", "phases"]
)
def test_code_from_outside_of_what_is_trusted_is_no_phase(project, run):
    folder = own.write(project / "counting")
    file = folder / "template.toml"
    file.write_text(file.read_text().replace("phases:count", run))
    trust(str(folder))
    with pytest.raises(ConfigError, match="a module of the template and its function"):
        find("counting")


def test_a_file_beside_what_python_has_compiled_is_part_of_what_is_trusted(project):
    folder = own.write(project / "counting")
    trust(str(folder))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "more.j2").touch()
    with pytest.raises(PolicyError):
        find("counting")


def test_code_that_changes_after_it_was_trusted_does_not_run(project):
    folder = own.write(project / "counting")
    trust(str(folder))
    template = find("counting")
    (folder / "phases.py").write_text("def count(context):\n    return 'evil'\n")
    result = asyncio.run(execute(template, {"text": "a b"}, None))
    assert (result.result, result.exit_code, result.outcome) == (None, PolicyError.exit_code, "failed")
    assert "changed since the run began" in result.problem


PROMPTS = """
from pathlib import Path
def swap(context):
    Path(context.template.folder, "{0}").write_text("evil")
def count(context):
    return context.renderer.file("ask.j2", {{}}) + Path(context.template.folder, "data.txt").read_text()
"""


@pytest.mark.promise("S2-32")
@pytest.mark.parametrize("changed", ["ask.j2", "data.txt", "template.toml", "schemas/answer.json"])
def test_prompts_and_data_that_change_after_they_were_trusted_are_not_used(project, changed):
    """They change in the middle of a run, after the template's code was loaded."""
    folder = own.write(project / "counting", code=PROMPTS.format(changed))
    head = (folder / "template.toml").read_text()
    (folder / "template.toml").write_text(
        head.replace("[[phases]]", '[[phases]]\nid = "swap"\nrun = "phases:swap"\n[[phases]]')
    )
    (folder / "schemas").mkdir()
    for name in ("ask.j2", "data.txt", "schemas/answer.json"):
        (folder / name).write_text("good")
    trust(str(folder))
    result = asyncio.run(execute(find("counting"), {"text": "a b"}, None))
    assert (result.result, result.exit_code, result.failed_phase) == (None, PolicyError.exit_code, "count")
    assert "changed since the run began" in result.problem


def test_a_prompt_that_changes_between_two_questions_of_one_phase_is_not_rendered(project):
    code = """
from pathlib import Path
def count(context):
    one = context.renderer.file("ask.j2", {})
    Path(context.template.folder, "ask.j2").write_text("evil")
    return one + context.renderer.file("ask.j2", {})
"""
    folder = own.write(project / "counting", code=code)
    (folder / "ask.j2").write_text("good")
    trust(str(folder))
    result = asyncio.run(execute(find("counting"), {"text": "a b"}, None))
    assert (result.result, result.exit_code) == (None, PolicyError.exit_code)


@pytest.mark.promise("S2-32")
def test_a_new_recording_asks_for_no_new_trust_and_all_else_below_tests_does(project):
    folder = own.write(project / "counting")
    case = folder / "tests" / "small"
    case.mkdir(parents=True)
    (case / "case.toml").write_text('parameters = { text = "a b" }\n')
    trust(str(folder))
    digest = find("counting").digest
    for _ in range(2):
        done = inside.llmx("template", "test", "counting", "--record", "--backend", "mock")
        assert (done.returncode, done.stdout) == (0, "recorded      counting: small\n"), done.stderr
    assert sorted(each.name for each in case.iterdir()) == ["case.toml", "cassette.jsonl", "golden.json"]
    assert find("counting").digest == digest
    assert inside.llmx("template", "test", "counting").returncode == 0
    (case / "phases.py").write_text("evil")
    with pytest.raises(PolicyError, match="has changed"):
        find("counting")
    (case / "phases.py").unlink()
    (case / "cassette.jsonl").unlink()
    (case / "cassette.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(PolicyError, match="has changed"):
        find("counting")


def test_a_folder_that_changes_while_it_is_read_is_not_trusted(project, monkeypatch):
    folder = own.write(project / "counting")
    trust(str(folder))
    real = sources._load

    def load(*words):
        (folder / "phases.py").write_text("def count(context):\n    return 'evil'\n")
        return real(*words)

    monkeypatch.setattr(sources, "_load", load)
    with pytest.raises(PolicyError, match="while it was read"):
        find("counting")


def test_a_file_that_goes_away_is_no_fault_of_the_program(project, monkeypatch):
    folder = own.write(project / "counting")
    trust(str(folder))
    (folder / "phases.py").unlink()
    monkeypatch.setattr(os, "walk", lambda *words, **options: [(str(folder), [], ["template.toml", "phases.py"])])
    with pytest.raises(PolicyError, match="has changed since you trusted it"):
        find("counting")


def test_the_users_own_stands_before_the_projects_and_both_before_a_package(project):
    own.write(user_folder() / "counting", code="def count(context):\n    return 'user'\n")
    trust(str(own.write(project / "counting")))
    assert count("counting") == "user"
    assert (ids("user"), ids("project")) == (["counting"], [])


@pytest.mark.promise("S2-32")
@pytest.mark.parametrize("whose", ["user", "project"])
def test_a_clash_with_a_built_in_one_must_be_meant(project, whose):
    parent = user_folder() if whose == "user" else project
    folder = own.write(parent / "code-review")
    if whose == "project":
        trust(str(folder))
    assert "does not say override = true" in rows()[1][0]
    with pytest.raises(ConfigError, match="is a built-in template"):
        find("code-review")
    (folder / "template.toml").write_text(own.TOML.format(id="code-review", more=OVER))
    if whose == "project":
        assert find("code-review").source == "built-in"
        trust(str(folder))
    assert count("code-review") == 2
    found = row_of("code-review")
    assert (found["source"], found["overrides"]) == (whose, ["built-in"])


def test_a_broken_one_does_not_hide_the_others(project):
    (folder := user_folder() / "broken").mkdir(parents=True)
    (folder / "template.toml").write_text("id = ")
    listed, notices = rows()
    assert [row["id"] for row in listed] == list(BUILT_IN)
    assert "broken/template.toml cannot be read" in notices[0]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs packages by pip, of wheels that are made here; each offers one template."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(module, offers, more="", code=own.CODE):
        wheel = tmp_path / f"{module}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{module}/__init__.py", "")
            archive.writestr(f"{module}/words/__init__.py", "raise SystemExit('nobody imports this')\n")
            archive.writestr(f"{module}/words/template.toml", own.TOML.format(id=offers, more=more))
            archive.writestr(f"{module}/words/phases.py", code)
            info, name = f"{module}-1.0.dist-info", module.replace("_", "-")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/entry_points.txt", f"[llmx.templates]\n{offers} = {module}.words\n")
            archive.writestr(f"{info}/RECORD", "")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site)]
        subprocess.run([*pip, str(wheel)], check=True, capture_output=True)

    return install


def row_of(name):
    return next(row for row in rows()[0] if row["id"] == name)


@pytest.mark.promise("S2-32")
def test_an_installed_package_offers_templates_and_none_of_its_code_runs_for_a_list(install):
    install("llmx_counting", "counting")
    assert ids("package llmx-counting") == ["counting"]
    assert [row["id"] for row in search("words text")[0]] == ["counting"]
    assert count("counting") == 2
    assert find("counting").source == "package llmx-counting"
    assert row_of("counting")["overrides"] == []
    assert (row_of("code-review")["source"], row_of("code-review")["overrides"]) == ("built-in", [])


@pytest.mark.promise("S2-32")
def test_a_package_takes_a_built_in_ones_place_only_where_it_says_so_and_the_list_tells(install, project):
    install("llmx_meant", "code-review", OVER)
    assert count("code-review") == 2
    found = row_of("code-review")
    assert (found["source"], found["overrides"]) == ("package llmx-meant", ["built-in"])
    own.write(user_folder() / "code-review", OVER, code="def count(context):\n    return 'user'\n")
    assert count("code-review") == "user"
    found = row_of("code-review")
    assert (found["source"], found["overrides"]) == ("user", ["built-in", "package llmx-meant"])


@pytest.mark.promise("S2-32")
def test_a_package_that_clashes_with_a_built_in_one_by_chance_is_an_error_that_names_both(install):
    install("llmx_chance", "code-review")
    with pytest.raises(ConfigError, match="the package llmx-chance offers code-review, which is a built-in") as refused:
        find("code-review")
    assert "pip uninstall llmx-chance" in str(refused.value.hint)
    listed, notices = rows()
    assert next(row for row in listed if row["id"] == "code-review")["source"] == "built-in"
    (said,) = notices
    assert "(of package llmx-chance) is called like a built-in template, and does not say override = true" in said


def test_two_packages_that_offer_the_same_are_both_named(install):
    install("llmx_one", "counting")
    install("llmx_two", "counting")
    with pytest.raises(ConfigError, match=r"the packages llmx-(one and llmx-two|two and llmx-one) both offer it"):
        find("counting")


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(NotFoundError) as unknown:
        find("code-reviev")
    assert unknown.value.hint == "did you mean code-review?"
