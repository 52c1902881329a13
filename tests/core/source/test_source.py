"""The source: what its tables mean, and what is wrong said with its line."""

import os

import pytest

from llmx.core.edits import Change, Set, edit, undo
from llmx.core.settings.trust import is_trusted, trust
from llmx.core.source import Source, project_source, read_source, user_source
from llmx.core.source.servers import catalog
from llmx.core.source.writing import file_of, keep_trust, write
from llmx.errors import ConfigError, UsageError


def source(text):
    return read_source("f.toml", text.encode())


@pytest.mark.promise("S0-48")
def test_list_goes_over_table_goes_over_catalog():
    found = source(
        '[mcp.servers.fetch]\nargs = ["table"]\n[mcp.servers.fetch.env]\nA = "1"\n'
        '[[mcp.additional_servers]]\nname = "fetch"\nargs = ["list"]\nenv = { B = "2" }\n'
        '[[mcp.additional_servers]]\nname = "web"\nurl = "http://x"\n'
    ).servers
    assert found["fetch"].command == "uvx"
    assert found["fetch"].args == ("list",)
    assert found["fetch"].env == {"A": "1", "B": "2"}
    assert found["web"].transport == "http"


def test_another_way_to_a_server_keeps_nothing_of_the_first():
    found = source('[mcp.servers.fetch]\nurl = "http://x"\n').servers["fetch"]
    assert (found.command, found.args, found.url) == ("", (), "http://x")


@pytest.mark.promise("S0-50")
def test_the_catalog_is_off_read_only_and_in_one_region():
    assert sorted(catalog()) == sorted(
        ["fetch", "git", "context7", "astgrep", "serena", "aws-api", "terraform", "eks", "cloudtrail"]
    )
    assert source("[mcp]\n").servers == {}
    assert "allow" not in str(list(catalog().values()))
    used = "".join(f"[mcp.servers.{name}]\nenabled = true\n" for name in ("aws-api", "eks", "cloudtrail"))
    found = source(f'{used}[mcp.aws]\nregion = "eu-north-1"\n').servers
    assert {server.env["AWS_REGION"] for server in found.values()} == {"eu-north-1"}
    assert found["aws-api"].env["READ_OPERATIONS_ONLY"] == "true"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[mcp.servers.a]\nurl = "ftp://x"', 2, "http://"),
        ("[mcp.servers.a]\nenabled = true", 1, "command or a url"),
        ('[mcp.servers.a]\ncommand = "x"\nurl = "http://x"', 1, "command or a url"),
        ('[mcp.servers."a b"]\ncommand = "x"', 1, "letters"),
        ('[mcp.servers.a]\ncommand = "x"\nargs = "y"', 3, "list of strings"),
        ('[mcp.servers.a]\ncomand = "x"', 2, "no such key"),
        ('[mcp.servers.a]\ncommand = "x"\nenabled = 1', 3, "true or false"),
        ('[mcp.servers.a]\ncommand = "x"\ntimeout = "soon"', 3, "time"),
        ('[mcp.servers.a]\ncommand = "x"\ntransport = "http"', 3, "stdio"),
        ('[mcp.servers.a]\ncommand = "x"\nheaders = {}', 3, "has none"),
        ("[mcp]\nserver = 1", 2, "no such key"),
        ('[endpoint]\nurl = "http://x"', 1, "no model"),
        ('[endpoint]\nurl = "x"\nmodel = "m"', 2, "http://"),
        ('[endpoint]\nurl = "http://x"\nmodel = "m"\napi_key = "sk-abcdefghijklmnop"', 4, "not shown"),
        ('[permissions]\ndeny = [" "]', 2, "not empty"),
        ("[permissions]\nrefuse = []", 2, "no such key"),
        ("[lsp.cobol]\nextensions = []", 1, "no command"),
        ("[lsp.python]\ncommand = []", 1, "no command"),
        ('[lsp."a b"]\ncommand = ["x"]', 1, "letters"),
        ('[prompts.a]\nprompt = ""', 2, "not an empty"),
        ("clients = 3", 1, "a table"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, line, says):
    with pytest.raises(ConfigError) as caught:
        source(text)
    assert f"f.toml:{line}" in caught.value.message
    assert says in caught.value.message


KEY = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f'command = "x"\nenv = {{ GITHUB_TOKEN = "{KEY}" }}',
        'command = "x"\nenv = { DB_PASSWORD = "hunter2hunter2" }',
        f'url = "http://x"\nheaders = {{ Authorization = "Bearer {KEY}" }}',
        f'command = "x"\nargs = ["--token", "{KEY}"]',
        f'url = "http://x?key={KEY}"',
        'url = "http://me:secret@x"',
    ],
)
def test_a_key_itself_is_refused_with_the_way_to_keep_it(text):
    with pytest.raises(ConfigError) as caught:
        source(f"[mcp.servers.a]\n{text}\n")
    said = f"{caught.value.message} {caught.value.hint}"
    assert KEY not in said
    assert "hunter2" not in said
    assert "${" in said


@pytest.mark.parametrize("value", ["env:MY_TOKEN", "${MY_TOKEN}", "Bearer ${MY_TOKEN}", "", "true", "auto"])
def test_what_is_no_key_is_taken(value):
    found = source(f'[mcp.servers.a]\ncommand = "x"\nenv = {{ TOKEN = "{value}" }}\n').servers["a"]
    assert found.env == {"TOKEN": value.replace("env:MY_TOKEN", "${MY_TOKEN}")}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "llmx.toml"


def test_a_project_counts_once_it_is_trusted(project):
    project.write_text('[mcp.servers.a]\ncommand = "x"\n')
    notices: list[str] = []
    assert project_source(os.environ, str(project.parent), notices) is None
    assert "not trusted" in notices[0]
    trust(str(project))
    found = project_source(os.environ, str(project.parent), [])
    assert found
    assert list(found.servers) == ["a"]
    project.write_text('[mcp.servers.b]\ncommand = "x"\n')
    assert project_source(os.environ, str(project.parent), []) is None


def test_writing_keeps_trust_that_was_there_and_gives_none_to_a_strangers_file(project):
    operation = [Set(("mcp", "servers", "a", "command"), "x")]
    write(file_of("project", os.environ, str(project.parent)), operation, title="t", env=os.environ)
    assert is_trusted(str(project))
    project.write_text("# a stranger's\n")
    write(project, operation, title="t", env=os.environ)
    assert not is_trusted(str(project))


def test_what_would_be_wrong_is_not_written(project):
    with pytest.raises(ConfigError):
        write(project, [Set(("mcp", "servers", "a", "command"), "")], title="t", env=os.environ)
    assert not project.exists()


def test_no_file_is_an_empty_source():
    assert user_source() == Source(user_source().file)


def test_a_stricter_rule_takes_the_weaker_out():
    found = source(
        '[permissions]\nallow = ["git", "ls"]\n[permissions.clients.codex]\ndeny = ["git"]\nask = ["make"]\n'
    )
    assert found.rules_for("codex") == (("ls",), ("make",), ("git",))
    assert found.rules_for("goose") == (("git", "ls"), (), ())
    assert found.rules_for(None).deny == ("git",)


def test_what_somebody_else_puts_there_between_the_edit_and_its_trust_is_not_trusted(project):
    operations = [Set(("mcp", "servers", "a", "command"), "x")]
    done = edit([Change(project, operations)], title="t")
    project.write_text("# a stranger's\n")
    keep_trust(done, os.environ)
    assert not is_trusted(str(project))


def test_what_somebody_else_put_there_before_the_edit_is_not_trusted_after_it(project):
    project.write_text("# mine\n")
    trust(str(project))
    project.write_text("# a stranger's\n")
    keep_trust(edit([Change(project, [Set(("exec", "grace"), 1)])], title="t"), os.environ)
    assert not is_trusted(str(project))


def test_an_edit_that_is_undone_leaves_the_trust_that_was_there(project):
    project.write_text("# mine\n")
    trust(str(project))
    write(project, [Set(("exec", "grace"), 1)], title="t", env=os.environ)
    assert is_trusted(str(project))
    keep_trust(undo(), os.environ)
    assert project.read_text() == "# mine\n"
    assert is_trusted(str(project))


def test_a_link_is_no_file_of_a_project(project):
    other = project.with_name("other.toml")
    other.write_text("")
    project.symlink_to(other)
    with pytest.raises(UsageError, match="symbolic link"):
        file_of("project", os.environ, str(project.parent))
