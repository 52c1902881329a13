"""``templates/kept.py``: a run that ends in the middle is gone on with, and nothing that is done is paid twice."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from llmx.core.client import LLMClient
from llmx.core.llm_config import LLMConfig
from llmx.errors import NotFoundError, UsageError
from llmx.templates.kept import LONGEST_S, batches, folder, forget_old
from tests.cli import inside
from tests.templates.conftest import asked_of, llmx, perform
from tests.templates.model import Model
from tests.templates.play import script

EACH = """
    [parameters.words]
    type = "array"
    description = "w"
    default = ["one", "two", "three"]
    [[phases]]
    id = "read"
    run = "phases:read"
    [[phases]]
    id = "each"
    for_each = "words"
    prompt = "ask.j2"
    """
CODE = """
    def read(context):
        context.coverage.append({"path": "a", "read": False, "reason": "it cannot be read"})
        context.took("a", "text")
        context.add("made.txt", "bytes")
        return 1
    """


@pytest.mark.promise("S2-31")
def test_what_a_finished_phase_has_read_and_made_comes_back_with_it(own, alone):
    name = own(EACH, CODE, ask_j2="{{ item }}")
    with Model(lambda body: "yes" if "three" not in str(body) else 400) as model:
        first = perform(name, client=asked_of(model.url), jobs=1)
        assert first.exit_code == 3
        model.answers = lambda body: "yes"
        model.bodies.clear()
        second = perform(name, client=asked_of(model.url), jobs=1, resume=first.run)
    assert (second.result, len(model.bodies)) == (["yes"] * 3, 1)
    assert second.outcome == "inconclusive", "the coverage of the first run still counts"
    assert [each["path"] for each in second.coverage] == ["a"]
    assert [each.name for each in second.artifacts] == ["made.txt"]
    assert second.provenance["input_digest"] == first.provenance["input_digest"]
    assert [each["status"] for each in second.phases] == ["kept", "done"]


def test_the_last_run_is_that_of_the_same_work(own, alone):
    name = own(EACH, CODE, ask_j2="{{ item }}")
    with Model(lambda body: 400) as model:
        first = perform(name, {"words": ["x"]}, asked_of(model.url))
        perform(name, {"words": ["y"]}, asked_of(model.url))
        model.answers = lambda body: "yes"
        assert perform(name, {"words": ["x"]}, asked_of(model.url), resume="last").run == first.run
        with pytest.raises(NotFoundError, match=r"no unfinished run of the same work; .* differs: parameter words"):
            perform(name, {"words": ["z"]}, asked_of(model.url), resume="last")
        with pytest.raises(UsageError, match="not of the same work: parameter words changed since") as refused:
            perform(name, {"words": ["z"]}, asked_of(model.url), resume=next(folder().iterdir()).name)
        assert refused.value.hint == "say what was said then, or leave --resume out to begin anew"


READS = """
    [[phases]]
    id = "read"
    run = "phases:read"
    plan = "run"
    [[phases]]
    id = "ask"
    prompt = "ask.j2"
    """
READ = """
    from pathlib import Path
    def read(context):
        for each in sorted(Path().glob("*.in")):
            context.took(each.name, each.read_text())
            context.coverage.append({"path": each.name, "read": True, "reason": ""})
    """


@pytest.mark.promise("S2-31")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"a.in": "other"}, "a.in has changed"),
        ({"c.in": "new"}, "c.in is new"),
        ({"b.in": None}, "b.in is gone"),
        ({f"{n}.in": "x" for n in range(9)}, "4.in is new, and 4 more"),
        ({}, ""),
    ],
)
def test_a_run_does_not_go_on_over_what_has_changed_since_it_was_read(own, alone, changed, said):
    for name in ("a.in", "b.in"):
        Path(name).write_text("text")
    name = own(READS, READ, ask_j2="n?")
    with Model(lambda body: 400) as model:
        run = perform(name, client=asked_of(model.url)).run
        model.answers, model.bodies = (lambda body: "yes"), []
        for file, text in changed.items():
            Path(file).write_text(text) if text else Path(file).unlink()
        result = perform(name, client=asked_of(model.url), resume=run)
        assert (result.exit_code, len(model.bodies)) == ((3, 0) if said else (0, 1))
        assert said in result.problem
        if said:
            assert f"run {run} has read what is not the same any more: " in result.problem
            assert "leave --resume out to begin anew" in result.problem


def test_a_file_that_a_phase_has_named_is_looked_at_again_and_not_read_again(own, alone):
    Path("a.in").write_text("text")
    code = READ.replace("each.read_text())", "each.read_text(), each)").replace("def read", "count = []\n    def read")
    name = own(READS.replace('plan = "run"', ""), code, ask_j2="n?")
    with Model(lambda body: 400) as model:
        run = perform(name, client=asked_of(model.url)).run
        model.answers = lambda body: "yes"
        Path("a.in").write_text("other")
        refused = perform(name, client=asked_of(model.url), resume=run)
        assert (refused.exit_code, "a.in has changed" in refused.problem) == (3, True)
        Path("a.in").write_text("text")
        assert perform(name, client=asked_of(model.url), resume=run).exit_code == 0


def test_a_run_goes_on_with_the_model_that_it_was_begun_with(own, alone):
    name = own(EACH, CODE, ask_j2="{{ item }}")
    with Model(lambda body: 400) as model:
        run = perform(name, client=asked_of(model.url)).run
        with pytest.raises(UsageError, match=r"the model \(it was openai/gpt-4o-mini, and is openai/gpt-4o\)"):
            perform(name, client=asked_of(model.url, "gpt-4o"), resume=run)


def test_a_run_that_has_begun_to_act_goes_on_over_what_it_has_changed_itself(own, alone):
    Path("a.in").write_text("text")
    act = """
    import os
    async def act(context):
        async def move():
            os.rename("a.in", "a.moved")
        await context.once("moved", move)
        if not os.path.exists("go"):
            raise ValueError("ended in the middle")
        return "done"
    """
    name = own(READS.replace('prompt = "ask.j2"', 'run = "phases:act"\n    plan = "skip"'), READ + act)
    run = perform(name).run
    Path("go").touch()
    assert perform(name, resume=run).result == "done"


@pytest.mark.parametrize("run", ["../x", "/etc", ".", "..", "nothing"])
def test_a_run_is_looked_for_in_its_folder_only(own, alone, run):
    with pytest.raises(NotFoundError, match="no unfinished run"):
        perform(own(EACH, CODE, ask_j2="x"), resume=run)


def test_a_phase_that_is_tried_again_reads_nothing_twice_and_asks_only_what_is_left(own, alone):
    name = own(EACH + "    retries = 1\n", CODE, ask_j2="{{ item }}")
    answers: dict[str, list[Any]] = {"one": ["1"], "two": [[("a_tool", {})], "2"], "three": ["3"]}
    with Model(lambda body: answers[body["messages"][-1]["content"]].pop(0)) as model:
        result = perform(name, client=asked_of(model.url), jobs=1)
    assert result.result == ["1", "2", "3"]
    assert len(model.bodies) == 4
    assert len(result.coverage) == 1


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_in_the_middle_goes_on_without_paying_twice(own, alone, end, tmp_path):
    """The third question hangs; by then the first two are answered and on the disk."""
    name, third, hold = own(EACH, CODE, ask_j2="{{ item }}"), threading.Event(), threading.Event()

    def answer(body):
        if body["messages"][-1]["content"] == "three" and not hold.is_set():
            third.set()
            hold.wait(60)
        return "yes"

    with Model(answer) as model:
        named = ["--backend", "openai", "--model", "gpt-4o-mini", "--api-base", model.url, "--output", "json"]
        words = ["exec", name, *named, "--jobs", "1", "--min-coverage", "0", "--output-dir", "out"]
        words += ["--report", f"sarif={tmp_path}/o.sarif"]
        (tmp_path / "o.sarif").write_text("clean, once")
        command = [sys.executable, "-m", "llmx", "template", *words]
        env = {**os.environ, "OPENAI_API_KEY": "k"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as ran:
            assert third.wait(60)
            ran.send_signal(end)
            out, err = ran.communicate(timeout=60)
        hold.set()
        assert not (tmp_path / "out").exists(), "nothing half-written"
        run = "last"
        if end == signal.SIGKILL:
            assert (out, (tmp_path / "o.sarif").exists()) == ("", False), "nor what an earlier run has told"
        else:
            told = json.loads(out)
            assert (ran.returncode, told["exit_code"], told["outcome"]) == (130, 130, "inconclusive")
            log = json.loads((tmp_path / "o.sarif").read_text())
            assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False
            (run,) = re.findall(r"--resume (\S+)", err)
        model.bodies.clear()
        done = llmx(*words, "--resume", run, OPENAI_API_KEY="k")
        assert done.returncode == 0, done.stderr
        assert [each["messages"][-1]["content"] for each in model.bodies] == ["three"]
    assert json.loads(done.stdout)["result"] == ["yes"] * 3
    assert (tmp_path / "out" / "made.txt").read_text() == "bytes"
    assert list(folder().iterdir()) == [], "nothing is kept of a run that is over"


def test_a_run_that_cannot_be_kept_is_done_all_the_same_and_says_so_once(own, alone, caplog):
    folder().parent.mkdir(parents=True, exist_ok=True)
    folder().write_text("a file is in the way")
    with Model(lambda body: "yes") as model:
        result = perform(own(EACH, CODE, ask_j2="{{ item }}"), client=asked_of(model.url))
    assert result.result == ["yes"] * 3
    assert [each.message.partition(": ")[0] for each in caplog.records if "--resume" in each.message] == [
        "--resume cannot go on with this run, as it cannot be kept"
    ]


def test_runs_that_nobody_goes_on_with_are_forgotten(own, alone):
    with Model(lambda body: 400) as model:
        run = perform(own(EACH, CODE, ask_j2="x"), client=asked_of(model.url)).run
    os.utime(folder() / run, (0, 0))
    (folder() / "young").mkdir()
    forget_old()
    assert LONGEST_S > 86400
    assert [each.name for each in folder().iterdir()] == ["young"]


def test_batches_that_nobody_goes_on_with_are_forgotten_unless_they_go_on_now(alone):
    for name in ("old", "young", "held"):
        (batches() / name).mkdir(parents=True)
        (batches() / name / "journal.jsonl").write_text("{}")
    for name in ("old", "held"):
        os.utime(batches() / name / "journal.jsonl", (0, 0))
        os.utime(batches() / name, (0, 0))
    (folder() / "run").mkdir(parents=True)
    with open(batches() / "held" / "journal.jsonl") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert forget_old() == 1
    assert sorted(each.name for each in batches().iterdir()) == ["held", "young"]
    done = inside.llmx("runs", "prune", "--output", "json")
    assert json.loads(done.stdout)["unfinished"] == 1, done.stderr
    assert [each.name for each in batches().iterdir()] == ["young"]
    done = inside.llmx("runs", "prune", "--older-than", "1d")
    assert "unfinished" not in done.stdout
    done = inside.llmx("runs", "prune", "--all")
    assert "and what 2 unfinished runs and batches of templates had kept" in done.stdout
    assert list(batches().iterdir()) == list(folder().iterdir()) == []


def test_where_nothing_can_be_kept_a_run_is_done_all_the_same(own, alone, monkeypatch, tmp_path):
    (tmp_path / "state").write_text("a file")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    name = own("[[phases]]\nid = 'a'\nrun = 'phases:a'\n", "def a(context):\n    return 1\n")
    assert perform(name).result == 1


def test_a_run_is_gone_on_with_once_at_a_time(own, alone):
    name = own(EACH, CODE, ask_j2="{{ item }}")
    with Model(lambda body: "yes" if "three" not in str(body) else 400) as model:
        run = perform(name, client=asked_of(model.url), jobs=1).run
        refused = []

        def answer(body):
            try:
                perform(name, client=asked_of(model.url), resume=run)
            except UsageError as error:
                refused.append(error.message)
            return "yes"

        model.answers = answer
        assert perform(name, client=asked_of(model.url), resume=run).result == ["yes"] * 3
    assert refused == [f"run {run} is going on"]


def test_what_nobody_has_named_concludes_nothing_also_when_another_goes_on(own, alone, monkeypatch, tmp_path):
    monkeypatch.setenv("LLMX_ALLOW_MOCK_FALLBACK", "1")
    name = own(EACH, CODE.replace("False", "True"), ask_j2="{{ item }}")
    script(tmp_path, monkeypatch, "made up", {"error": "quota"})
    first = perform(name, client=LLMClient(LLMConfig(backend="no-such-backend", enable_cache=False)), jobs=1)
    assert first.exit_code == 3
    script(tmp_path, monkeypatch, "yes")
    second = perform(name, client=asked_of(), jobs=1, resume=first.run)
    assert set(second.result) == {"made up", "yes"}
    assert (second.exit_code, "was not named" in second.problem) == (3, True)
