"""What each way in may import: the promise that llmx starts fast."""

import json
import os
import subprocess
import sys

import pytest

PROBE = """
import json, os, sys
before = set(sys.modules)
sys.argv = {argv!r}
import llmx.__main__ as door

def tell(code):
    os.write(2, json.dumps(sorted(set(sys.modules) - before - {{"json"}})).encode())
    os._exit(0)

door.leave = tell
code = door.{entry}()
tell(code)
"""

LLM_EXEC = {
    *("llmx", "llmx.__main__", "llmx.errors", "llmx.paths", "llmx.core", "llmx.core.plugins", "llmx.core.audit"),
    *("llmx.core.jsonline", "llmx.core.redact", "llmx.core.settings"),
    *("llmx.core.process", "llmx.core.process.supervise", "llmx.exec", "llmx.exec.argv", "llmx.exec.options"),
    *("llmx.exec.request", "llmx.exec.run"),
    *("_ctypes", "errno", "gc", "select", "resource", "time", "marshal", "_imp"),
}
"""All that the bare way of ``llm-exec`` may load; wait4(2)'s result brings ``resource``."""

WITH_RESULT = LLM_EXEC | {
    *("llmx.core.quantities", "llmx.core.process.tree", "llmx.core.process.sample", "llmx.core.process.transfer"),
    *("llmx.exec.capture", "llmx.exec.monitor", "llmx.exec.result", "binascii"),
    *("llmx.core.runs", "llmx.core.runs.output", "llmx.core.runs.places", "llmx.core.runs.retention", "llmx.exec.kept"),
}

SANDBOXED = LLM_EXEC | {
    *("llmx.exec.confinement", "llmx.core.audit_relay", "llmx.core.sandbox", "fcntl"),
    *(f"llmx.core.sandbox.{name}" for name in ("abilities", "bubblewrap", "environment", "nested", "readable")),
    *("llmx.core.sandbox.sensitive", "llmx.core.sandbox.workspace"),
}
"""What the full sandbox adds to the bare way, once it is known what this machine can do."""

WITH_NAMES = SANDBOXED | {
    *("llmx.core.network", "llmx.core.policy", "llmx.core.policy.levels", "llmx.core.policy.loosening"),
    *(f"llmx.core.network.{name}" for name in ("forwarder", "groups", "inside", "loop", "names", "proxy", "tally")),
    *("llmx.core.network.variables", "llmx.core.settings.keys", "llmx.exec.network", "llmx.exec.network_report"),
    *("_socket", "llmx.core.process.tree"),
}
"""What the first name of a host adds; the proxy loads what talks to programs and hosts with the first of them."""

HEAVY = {
    *("rich", "pydantic", "pydantic_settings", "httpx", "huggingface_hub", "psutil", "asyncio", "importlib.metadata"),
    *("tomlkit", "ruamel", "jinja2", "jsonschema"),
}


def imported_by(*argv, entry="main", cwd=None):
    """The modules that a fresh interpreter has loaded beyond its own after running ``argv``."""
    code = PROBE.format(argv=list(argv), entry=entry)
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=cwd, env=environment
    )
    return set(json.loads(done.stderr))


@pytest.fixture
def project(home, tmp_path):
    """A folder with the user's and a project's settings, already compiled."""
    (home / ".config/llmx").mkdir(parents=True)
    (home / ".config/llmx/config.toml").write_text('[exec.isolation]\ntimeout = "4m"\n')
    (tmp_path / "llmx.toml").write_text("[exec]\ngrace = 3\n")
    for _ in range(100):  # a file written within the last 50 ms is not remembered
        subprocess.run([sys.executable, "-m", "llmx", "exec", "-q", "--no-sandbox", "true"], check=True, cwd=tmp_path)
        if (home / ".cache/llmx/settings.marshal").exists():
            return tmp_path
    raise AssertionError("the settings are not remembered")


@pytest.mark.promise("S2-51")
def test_the_bare_way_loads_only_what_it_needs(project):
    words = ("--no-sandbox", "--", "true")
    imported_by("llm-exec", *words, entry="exec_main", cwd=project)
    assert imported_by("llm-exec", *words, entry="exec_main", cwd=project) <= LLM_EXEC


@pytest.mark.promise("S2-51")
def test_the_sandbox_loads_only_what_it_needs(project):
    words = ("--", "true")
    imported_by("llm-exec", *words, entry="exec_main", cwd=project)
    assert imported_by("llm-exec", *words, entry="exec_main", cwd=project) <= SANDBOXED


def test_names_of_hosts_load_a_little_more(project):
    words = ("--net", "example.com", "--", "true")
    imported_by("llm-exec", *words, entry="exec_main", cwd=project)
    assert imported_by("llm-exec", *words, entry="exec_main", cwd=project) <= WITH_NAMES


@pytest.mark.promise("S2-51")
def test_a_result_with_monitor_loads_a_little_more(project):
    words = ("--no-sandbox", "--json", "--timeout", "60", "--monitor", "--", "true")
    imported_by("llm-exec", *words, entry="exec_main", cwd=project)
    assert imported_by("llm-exec", *words, entry="exec_main", cwd=project) <= WITH_RESULT


def test_the_version_loads_nothing_but_the_front_door():
    assert imported_by("llmx", "--version") <= {"llmx", "llmx.__main__", "llmx.core", "llmx.core.plugins", "gc"}


@pytest.mark.promise("S2-51")
@pytest.mark.parametrize("kind", ["profiles", "settings", "topics"])
def test_a_tab_that_asks_for_names_loads_only_their_table(kind):
    own = {"llmx.core.candidates", "llmx.core.settings", "llmx.core.settings.keys", "llmx.paths"}
    builtin = {"_imp", "marshal", "errno", "gc"}
    front_door = {"llmx", "llmx.__main__", "llmx.core", "llmx.core.plugins"}
    assert imported_by("llmx", "__complete", kind) <= front_door | own | builtin


@pytest.mark.promise("S2-51")
@pytest.mark.parametrize(
    "argv",
    [
        *(["--help"], ["version"], ["exec", "--help"], ["help", "exit-codes"], ["generate", "--help"]),
        ["template", "list"],
    ],
    ids=" ".join,
)
def test_the_tree_loads_typer_and_nothing_else_that_is_heavy(argv):
    loaded = imported_by("llmx", *argv)
    assert "typer" in loaded
    assert not {*loaded, *(name.split(".")[0] for name in loaded)} & HEAVY


def test_one_command_loads_no_other():
    loaded = {name for name in imported_by("llmx", "version") if name.startswith("llmx.cli.")}
    assert loaded == {f"llmx.cli.{name}" for name in ("app", "lazy", "output", "refusal", "streams", "version")}
