"""Files of clients that publish a schema are of it, with everything in the source that llmx can tell them."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

SCHEMAS = Path(__file__).parents[3] / "shared/data/schemas"
SOURCE = """
[endpoint]
url = "http://127.0.0.1:9"
model = "m"
small_model = "s"
[mcp.servers.one]
command = "x"
args = ["-y"]
env = { A = "b" }
[mcp.servers.two]
url = "https://example.com/mcp"
headers = { Authorization = "Bearer ${TOKEN}" }
[permissions]
allow = ["git status"]
ask = ["git push"]
deny = ["rm -rf *"]
[lsp.python]
[lsp.mine]
command = ["mine", "--stdio"]
extensions = [".m"]
env = { B = "c" }
[prompts.mine]
prompt = "do it"
[hooks]
agents_md = true
llm_exec = true
"""
PUBLISHED = [
    ("aider", ".aider.conf.yml", "aider-0.82.json"),
    ("claude", ".claude/settings.json", "claude-code-settings.json"),
    ("claude", ".claude/skills/llmx-language-servers/.claude-plugin/plugin.json", "claude-code-plugin-manifest.json"),
    ("codex", ".codex/hooks.json", "codex-hooks.json"),
    ("crush", ".config/crush/crush.json", "crush.json"),
]


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the published schemas are not beside the project")
@pytest.mark.parametrize(("client", "name", "schema"), PUBLISHED)
def test_what_is_written_is_of_the_published_schema(setting, client, name, schema):
    setting.apply(client, SOURCE)
    text = (setting.home / name).read_text()
    said = YAML(typ="safe").load(text) if name.endswith("yml") else json.loads(text)
    published = json.loads((SCHEMAS / schema).read_text())
    kind = jsonschema.validators.validator_for(published)
    assert [f"{'.'.join(map(str, e.path))}: {e.message[:200]}" for e in kind(published).iter_errors(said)] == []
    assert said
