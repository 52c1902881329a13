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
    with pytest.raises(PolicyError):
        find("counting")
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
    with pytest.raises(PolicyError, match="is not trusted"):
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
    assert [row["source"] for row in rows()[0] if row["id"] == "code-review"] == [whose]


def test_a_broken_one_does_not_hide_the_others(project):
    (folder := user_folder() / "broken").mkdir(parents=True)
    (folder / "template.toml").write_text("id = ")
    listed, notices = rows()
    assert [row["id"] for row in listed] == list(BUILT_IN)
    assert "broken/template.toml cannot be read" in notices[0]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with a template, one that is called like a built-in one, and one that is not there."""
    wheel = tmp_path / "llmx_counting-1.0-py3-none-any.whl"
    points = "[llmx.templates]\ncounting = llmx_counting.words\ncode-review = llmx_counting.words\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("llmx_counting/__init__.py", "")
        archive.writestr("llmx_counting/words/__init__.py", "raise SystemExit('nobody imports this')\n")
        archive.writestr("llmx_counting/words/template.toml", own.TOML.format(id="counting", more=""))
        archive.writestr("llmx_counting/words/phases.py", own.CODE)
        info = "llmx_counting-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llmx-counting\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", points)
        archive.writestr(f"{info}/RECORD", "")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    monkeypatch.syspath_prepend(site)
    return site


@pytest.mark.promise("S2-32")
def test_an_installed_package_offers_templates_and_none_of_its_code_runs_for_a_list(package):
    assert ids("package llmx-counting") == ["counting"]
    assert [row["id"] for row in search("words text")[0]] == ["counting"]
    assert count("counting") == 2
    assert find("counting").source == "package llmx-counting"
    assert find("code-review").source == "built-in"


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(NotFoundError) as unknown:
        find("code-reviev")
    assert unknown.value.hint == "did you mean code-review?"
