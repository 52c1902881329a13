"""What is wrong with a workflow is found before anything of it runs, with the line it stands on."""

import sys
import time
from pathlib import Path

import pytest

from llmx.errors import UsageError
from llmx.templates.builtin.workflow_orchestrator import within
from llmx.templates.builtin.workflow_orchestrator.building import Overrides
from llmx.templates.builtin.workflow_orchestrator.phases import checked_workflow
from llmx.templates.builtin.workflow_orchestrator.reading import Document, read_document
from llmx.templates.builtin.workflow_orchestrator.references import Scope, filled, filled_text, holds, references_in
from tests import forked
from tests.templates.play import played

NAME = "workflow-orchestrator"


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)


def say(name, text="$$", **more):
    return {"id": name, "command": ["echo", text], **more}


BAD_YAML = """\
name: bad
steps:
  - id: count
    command: wc -w notes
  - id: judge
    agent: nobody
    prompt: |
      Hello
      $cuont $count.stdot
  - id: many
    when: "'$count.stdout' == 'x'"
    command: ["$judge.text"]
  - id: tee
    template: code-reveiw
  - id: misspelt
    promt: x
  - id: judge
    command: echo $later
  - id: later
    tool: nowhere/x
    needs: [gone]
"""

FAULTS = [
    "bad.yaml:6: step judge: there is no agent 'nobody'",
    "bad.yaml:9: step judge: $cuont: there is no step 'cuont' before this one, did you mean count?",
    "bad.yaml:9: step judge: $count.stdot: count has no field 'stdot', did you mean stdout?",
    "bad.yaml:11: step many: \"'$count.stdout' == 'x'\": $count.stdout stands within quotes",
    "bad.yaml:12: step many: which program runs is written here",
    "bad.yaml:14: step tee: there is no template 'code-reveiw' (did you mean code-review?)",
    "bad.yaml:15: step misspelt does nothing: did you mean prompt?",
    "bad.yaml:17: there are two steps called 'judge'",
    "bad.yaml:18: step judge: $later: step later is not done before this one",
    "bad.yaml:20: step later: there is no MCP server 'nowhere'",
    "bad.yaml:21: step later: there is no step 'gone' before this one",
]


@pytest.mark.promise("S2-38", "S2-59")
def test_everything_that_is_wrong_is_said_with_its_line_before_anything_runs():
    Path("bad.yaml").write_text(BAD_YAML + "  - id: mark\n    command: touch mark\n")
    llmx = [sys.executable, "-m", "llmx", "workflow"]
    validated = forked.run([*llmx, "validate", "bad.yaml"], text=True)
    ran = forked.run([*llmx, "run", "bad.yaml", "--backend", "mock"], text=True)
    assert (validated.returncode, ran.returncode) == (2, 2)
    for fault in FAULTS:
        assert fault in validated.stderr
        assert fault in ran.stderr
    assert not Path("mark").exists()
    result = played(NAME, {"workflow_file": "bad.yaml"})
    assert (result.exit_code, result.failed_phase) == (2, "parse")


def test_steps_without_a_name_are_numbered_through_and_never_alike():
    inner = [{"command": "true"}]
    top = {"steps": [{"loop": inner}, {"when": "1 == 1", "steps": inner, "else": inner}, {"parallel": inner}]}
    made = checked_workflow(Document("w", top), Overrides())
    names = ["step-1", "step-1-1", "step-2", "step-2-1", "step-2-else-1", "step-3", "step-3-1"]
    assert [step.id for step in within(made.root) if step.id] == names


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ({}, "there must be `steps`"),
        ({"steps": []}, "there must be `steps`"),
        ({"steps": ["x"]}, "w.steps[0]: a step is a table"),
        ({"steps": [say("item")]}, "'item' is no id"),
        ({"steps": [say("a b")]}, "'a b' is no id"),
        ({"steps": [{"id": "a", "command": []}]}, "the command is empty"),
        ({"steps": [{"id": "a", "command": 5}]}, "command must be a text or a list"),
        ({"steps": [{"id": "a", "template": "code-review", "parameters": 5}]}, "parameters must be a table"),
        ({"steps": [say("a")], "mode": []}, "mode must be a text"),
        ({"steps": [{"id": "a", "command": "echo 'x"}]}, "the command: No closing quotation"),
        ({"steps": [say("a", "$HOME")]}, r"$HOME: there is no step 'HOME' before this one; a plain dollar is \$"),
        ({"steps": [{"id": "a", "prompt": " "}]}, "the prompt is empty"),
        ({"steps": [{"id": "a", "prompt": 5}]}, "prompt must be a text"),
        ({"steps": [{"id": "a", "prompt": "x", "command": "y"}]}, "has prompt and command"),
        ({"steps": [{"id": "a", "prompt": "x", "schema": {"type": "odd"}}]}, "the schema is none"),
        ({"steps": [{"id": "a", "prompt": "x", "model": "$b"}]}, "model is written here"),
        ({"steps": [say("a", timeout=0)]}, "timeout is a number of seconds"),
        ({"steps": [say("a", on_error="ignored")]}, "on_error is stop, continue or ignore"),
        ({"steps": [say("a", when="1 +")]}, "'1 +'"),
        ({"steps": [say("a", "$item")]}, "there is no step 'item'"),
        ({"steps": [{"id": "a", "loop": [say("b")], "for_each": "x $$ y"}]}, "for_each is a list, or one reference"),
        ({"steps": [{"id": "a", "loop": [say("b")], "times": 0}]}, "times is a whole number"),
        ({"steps": [{"id": "a", "steps": []}]}, "steps must be a list with at least one step"),
        ({"steps": [{"id": "a", "steps": [say("b")], "else": [say("c")]}]}, "else needs a when"),
        ({"steps": [{"id": "a", "template": "workflow-orchestrator"}]}, "is a group: write its steps here"),
        ({"steps": [{"id": "a", "template": "content-generation", "parameters": {"topc": 1}}]}, "did you mean topic?"),
        ({"steps": [{"id": "a", "template": "content-generation"}]}, "topic is required"),
        (
            {"steps": [say("x"), {"id": "a", "template": "content-generation", "parameters": {"tone": "$x"}}]},
            "topic is",
        ),
        ({"steps": [{"id": "a", "tool": "x"}]}, "a tool is SERVER/TOOL"),
        ({"steps": [{"id": "a", "command": "x", "cwd": "nowhere"}]}, "there is no folder nowhere"),
        ({"steps": [say("a", "$a")]}, "step a is not done before this one"),
        ({"steps": [say("a")], "mode": "paralel"}, "did you mean parallel?"),
        ({"steps": [say("a")], "max_steps": 101}, "from 1 to 100"),
        ({"steps": [say("a")], "until": "1"}, "belong to mode: loop"),
        ({"steps": [say("a")], "stpes": 1}, "did you mean steps?"),
        ({"steps": [say(f"s{n}") for n in range(11)]}, "it has 11 steps, and max_steps is 10"),
        (
            {"mode": "parallel", "steps": [say("a", "$c"), say("b", "$a"), say("c", needs=["b"])]},
            "a cycle: a -> c -> b -> a",
        ),
    ],
)
def test_a_wrong_workflow_is_refused(top, said):
    with pytest.raises(UsageError) as refused:
        checked_workflow(Document("w", top))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("w.yaml", "steps: [\n  a: b: c\n", "w.yaml:2"),
        ("w.yaml", "a: 1\na: 2\n", "w.yaml:2"),
        ("w.yaml", "&a [*a, *a]", "too much"),
        ("w.yaml", "\t- x", "w.yaml:1"),
        ("w.toml", "steps = [", "w.toml"),
        (
            "w.toml",
            '[[steps]]\nid = "a"\ncommand = "echo"\n[[steps]]\nid = "b"\ncommand = "echo $x"\n',
            "w.toml:6: step b",
        ),
        ("w.yaml", b"\xff\xfe", "no UTF-8"),
        ("w.yaml", "x" * ((1 << 20) + 1), "more than 1 MiB"),
        ("w.yaml", "steps: !!python/object/apply:os.system ['touch evil']", "a step is a table"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_line(name, text, said):
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as refused:
        checked_workflow(read_document(name))
    assert said in refused.value.message
    assert not Path("evil").exists()


def test_aliases_that_mean_more_than_a_file_says_are_refused():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    Path("w.yaml").write_text("\n".join(lines))
    started = time.process_time()
    with pytest.raises(UsageError, match="too much"):
        read_document("w.yaml")
    assert time.process_time() - started < 20


def test_toml_and_yaml_say_the_same():
    Path("w.toml").write_text(
        'max_steps = 3\n[input]\nx = 1\n[[steps]]\nid = "a"\ncommand = "echo $$.x"\n'
        '[[steps]]\nid = "b"\n[[steps.parallel]]\nid = "c"\ncommand = ["true"]\n'
    )
    Path("w.yaml").write_text(
        "max_steps: 3\ninput: {x: 1}\nsteps:\n- {id: a, command: echo $$.x}\n- id: b\n  parallel:\n"
        '  - {id: c, command: ["true"]}\n'
    )
    toml, yaml = (checked_workflow(read_document(name), Overrides()) for name in ("w.toml", "w.yaml"))
    assert toml == yaml


def test_references_are_followed():
    scope: Scope = {
        "$": {"": {"k": ["x", {"y": None}]}},
        "a-1": {"kind": "command", "status": "done", "stdout": "out\n", "value": {"n": 1}},
    }
    assert filled(["$$.k", "$a-1.value", {"z": "${a-1}"}], scope) == [["x", {"y": None}], {"n": 1}, {"z": "out\n"}]
    assert filled_text("$a-1. ${a-1.value.n}0 \\$a-1 $ $9 $$.k.1.y|", scope) == "out. 10 $a-1 $ $9 |"
    assert [str(each) for each in references_in(["$a.b", {"c": "${d} \\$e"}])] == ["$a.b", "$d"]
    assert holds("$a-1.value.n == 1 and $$.k | length == 2", scope)
    assert not holds("'out' == $a-1.stdout", scope)
