"""``core/usage``: what calls used and cost, and budgets that hold while many spend at once."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from llmx.core.events import Usage
from llmx.core.usage import NANO, Call, Caller, Most, Target
from llmx.core.usage.budget import Limit, limits
from llmx.core.usage.free import is_free
from llmx.core.usage.holder import is_alive, me
from llmx.core.usage.ledger import Hold, Ledger, day
from llmx.core.usage.prices import cost
from llmx.core.usage.projects import project_of
from llmx.errors import BudgetError

OPENAI = Target("openai", "https://api.openai.com/v1", "gpt-4o-mini")  # $0.15 and $0.60 for a million tokens
OLLAMA = Target("ollama", "http://127.0.0.1:11434", "qwen2.5:1.5b")
CALLER = Caller("run-1", "/project")
MOST = Most(1000, 500)
TIME = 1_790_000_000.0


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"{tmp_path}/usage.db")
    yield ledger
    ledger.close()


USED = Usage(100, 50)


def call(usage=USED, **fields):
    return Call(fields.pop("at", time.time()), CALLER, OPENAI, "done", usage, 12)._replace(**fields)


def started(script, *words) -> Any:
    """A Python process with that script, with pipes for text."""
    command = [sys.executable, "-c", script, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tokens(most, scope="run"):
    return Limit("--max-tokens-total", "tokens", scope, most)


@pytest.mark.parametrize(
    ("target", "usage", "dollars"),
    [
        (OPENAI, Usage(1_000_000, 0), 0.15),
        (OPENAI, Usage(0, 1_000_000), 0.60),
        (OPENAI, Usage(1_000_000, 0, None, 1_000_000), 0.075),
        (OPENAI, Usage(10, 0, None, 100), 10 * 0.075e-6),
        (OPENAI, Usage(0, 0), 0),
        (OPENAI, Usage(), None),
        (OPENAI._replace(model="nobody-knows-it"), Usage(1, 1), None),
        (OPENAI._replace(base_url="http://127.0.0.1:4000/v1"), Usage(1, 1), None),
        (OPENAI._replace(base_url="https://else.example/api.openai.com/v1"), Usage(1, 1), None),
        (OLLAMA, Usage(), 0),
        (OLLAMA._replace(base_url="https://ollama.example"), Usage(1, 1), None),
        (OLLAMA._replace(model="gpt-oss:120b-cloud"), Usage(1, 1), None),
        (Target("gguf", "", "/x.gguf"), Usage(5, 5), 0),
    ],
)
def test_a_cost_is_what_the_table_says_and_unknown_is_not_nothing(target, usage, dollars):
    assert cost(target, usage, TIME) == (None if dollars is None else round(dollars * NANO))
    assert not is_free(OPENAI)


@pytest.mark.parametrize(("most", "fits"), [(1500, True), (1499, False)])
def test_the_most_that_a_call_may_use_is_what_counts_before_it(ledger, most, fits):
    hold = Hold(CALLER, OPENAI, MOST)
    if fits:
        ledger.settle(call(), ledger.hold(hold, [tokens(most)]))
        return
    with pytest.raises(BudgetError, match="--max-tokens-total is 1499 tokens: 0 tokens are used or held by this run"):
        ledger.hold(hold, [tokens(most)])


def test_what_is_held_counts_until_it_is_settled_and_then_what_was_used(ledger):
    limit = tokens(3100)
    hold = Hold(CALLER, OPENAI, MOST)
    first, second = ledger.hold(hold, [limit]), ledger.hold(hold, [limit])
    with pytest.raises(BudgetError, match="3000 tokens are used or held"):
        ledger.hold(hold, [limit])
    ledger.settle(call(), first)
    with pytest.raises(BudgetError, match="1650 tokens are used or held"):
        ledger.hold(hold, [limit])
    ledger.settle(call(), second)
    ledger.hold(hold, [limit])


@pytest.mark.parametrize(
    ("ended", "used"),
    [
        (call(), 150),
        (call(Usage(100, None)), 0),
        (call(Usage(), most=MOST), 1500),
        (call(status="failed", most=MOST), 150),
        (call(cached=True), 0),
    ],
)
def test_a_call_counts_with_what_it_said_or_with_the_most_it_may_have_used(ledger, ended, used):
    ledger.settle(ended)
    with pytest.raises(BudgetError, match=f": {used} tokens are"):
        ledger.hold(Hold(CALLER, OPENAI, MOST), [tokens(1)])


@pytest.mark.parametrize(
    ("other", "scope", "used"),
    [
        ({}, "run", 150),
        ({}, "day", 150),
        ({}, "project", 150),
        ({"caller": Caller("run-2", "/project")}, "run", 0),
        ({"caller": Caller("run-2", "/project")}, "project", 150),
        ({"caller": Caller("run-2", "/else")}, "project", 0),
        ({"caller": Caller("run-2", "/else")}, "day", 150),
        ({"at": time.time() - 2 * 86400}, "day", 0),
        ({"at": time.time() - 2 * 86400}, "run", 150),
    ],
)
def test_each_scope_counts_its_own_calls(ledger, other, scope, used):
    ledger.settle(call(**other))
    with pytest.raises(BudgetError, match=f": {used} tokens are"):
        ledger.hold(Hold(CALLER, OPENAI, MOST), [tokens(1, scope)])


def test_dollars_are_limited_by_the_price_of_the_most_a_call_may_use(ledger):
    hold = Hold(CALLER, OPENAI, Most(1_000_000, 1_000_000))
    limit = Limit("--max-cost", "cost", "run", round(0.75 * NANO))
    ledger.settle(call(Usage(1_000_000, 1_000_000)), ledger.hold(hold, [limit]))
    with pytest.raises(BudgetError, match=r"--max-cost is \$0.75: \$0.75 is used or held by this run, .* use \$0.75"):
        ledger.hold(hold, [limit])
    ledger.hold(hold._replace(caller=Caller("run-2")), [limit])


def test_a_model_without_a_price_is_refused_where_dollars_are_limited(ledger):
    limit = Limit("budget.daily_cost", "cost", "day", NANO)
    with pytest.raises(BudgetError, match="the price of novel is not known") as refused:
        ledger.hold(Hold(CALLER, OPENAI._replace(model="novel"), MOST), [limit])
    assert "budget.daily_tokens" in str(refused.value.hint)
    assert refused.value.exit_code == 6
    ledger.hold(Hold(CALLER, OLLAMA, MOST), [limit])


def test_limits_come_from_settings_and_the_command_line():
    settings = {
        "budget.daily_cost": 1.5,
        "budget.daily_tokens": 0,
        "budget.project_daily_cost": 0.1,
        "budget.project_daily_tokens": 7,
    }
    found = limits(settings, 0.25, 100, project="/p")
    assert found == [
        Limit("budget.daily_cost", "cost", "day", 1_500_000_000),
        Limit("budget.project_daily_cost", "cost", "project", 100_000_000),
        Limit("budget.project_daily_tokens", "tokens", "project", 7),
        Limit("--max-cost", "cost", "run", 250_000_000),
        Limit("--max-tokens-total", "tokens", "run", 100),
    ]
    assert [limit.name for limit in limits(settings, 0.0, project="")] == ["budget.daily_cost", "--max-cost"]


def test_a_process_is_known_from_one_that_has_ended_and_from_one_elsewhere():
    child = started("from llmx.core.usage.holder import me; print(me(), flush=True); input()")
    holder = child.stdout.readline().strip()
    assert is_alive(holder) is True
    child.communicate("\n")
    assert is_alive(holder) is False
    boot, space, pid, begun = me().split("/")
    assert is_alive(f"{boot}/{space}/{pid}/1{begun}") is False
    assert is_alive(f"other{boot}/{space}/{pid}/{begun}") is False
    assert is_alive(f"{boot}/1{space}/{pid}/{begun}") is None


HOLDING = """
import os, sys
from llmx.core.usage import *
from llmx.core.usage.ledger import *
from llmx.core.usage.budget import *
hold = Hold(Caller("shared"), Target("mock", "", "mock"), Most(5, 5), 30.0)
ledger = Ledger(sys.argv[1])
ledger.hold(hold, [Limit("x", "tokens", "run", 10)])
print("held", flush=True)
input()
"""


def test_what_a_killed_process_held_is_free_again(ledger, tmp_path):
    hold = Hold(Caller("shared"), OLLAMA, Most(5, 5), 30.0)
    limit = [Limit("x", "tokens", "run", 10)]
    child = started(HOLDING, f"{tmp_path}/usage.db")
    assert child.stdout.readline() == "held\n"
    with pytest.raises(BudgetError):
        ledger.hold(hold, limit)
    child.kill()
    child.communicate()
    ledger.hold(hold, limit)


def test_what_a_process_of_another_container_holds_lapses_with_its_deadline(ledger):
    hold = Hold(CALLER, OLLAMA, Most(5, 5), 30.0)
    limit = [tokens(10)]
    ledger.hold(hold, limit)
    ledger.connection.execute("UPDATE reservations SET holder = replace(holder, '/', '/9') WHERE id = 1")
    ledger.connection.execute("UPDATE reservations SET holder = ?", (_elsewhere(),))
    with pytest.raises(BudgetError):
        ledger.hold(hold, limit)
    ledger.connection.execute("UPDATE reservations SET lapses = ?", (time.time() - 1,))
    ledger.hold(hold, limit)


def _elsewhere():
    boot, space, pid, begun = me().split("/")
    return f"{boot}/9{space}/{pid}/{begun}"


RACING = """
import sys
from llmx.core.events import Usage
from llmx.core.usage import *
from llmx.core.usage.ledger import *
from llmx.core.usage.budget import *
from llmx.errors import BudgetError
caller, target = Caller("shared"), Target("openai", "https://api.openai.com/v1", "gpt-4o-mini")
ledger = Ledger(sys.argv[1])
limit = Limit("--max-cost", "cost", "run", 750_000_000)
print("ready", flush=True)
input()
spent = 0
for _ in range(20):
    try:
        held = ledger.hold(Hold(caller, target, Most(100_000, 100_000), 30.0), [limit])
    except BudgetError:
        break
    ledger.settle(Call(time.time(), caller, target, "done", Usage(90_000, 90_000), 1), held)
    spent += 1
print(spent)
"""


def test_sixteen_processes_that_race_for_the_last_dollar_never_spend_more(ledger, tmp_path):
    """Each call may cost 7.5 cents and costs 6.75: ten or eleven fit into 75 cents, whoever makes them."""
    racers = [started(RACING, f"{tmp_path}/usage.db") for _ in range(16)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    spent = sum(int(racer.communicate(timeout=120)[0]) for racer in racers)
    ledger.price()
    total = ledger.connection.execute("SELECT sum(cost) FROM calls").fetchone()[0]
    assert total == spent * 67_500_000
    assert total <= 750_000_000
    assert spent == 11 or total + 75_000_000 > 750_000_000


def test_a_process_killed_between_hold_and_settle_leaves_the_ledger_sound(ledger, tmp_path):
    command = [sys.executable, "-c", HOLDING.replace("input()", "os.kill(os.getpid(), 9)"), f"{tmp_path}/usage.db"]
    for _ in range(3):
        assert subprocess.run(command, stdout=subprocess.PIPE, check=False).returncode == -signal.SIGKILL
    assert ledger.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_project_is_where_git_or_its_settings_are(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert project_of("/") == ""
    (tmp_path / "a" / "llmx.toml").touch()
    assert project_of(f"{tmp_path}/a/b") == f"{tmp_path}/a"
    (tmp_path / "a" / "b" / ".git").touch()
    assert project_of(f"{tmp_path}/a/b") == f"{tmp_path}/a/b"


def test_a_day_is_the_callers(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert day(1_790_000_000) == "2026-09-22"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "Pacific/Kiritimati"
