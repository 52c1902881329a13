"""How a run is printed: a line in a list, all its facts, and its course over time."""

import shlex
import sys
import time
from typing import Any

from llmx.cli.charts import print_charts, sparkline
from llmx.core.audit import timestamp
from llmx.core.runs.figures import Figures
from llmx.core.runs.output import missing
from llmx.core.runs.records import Run, stores_output
from llmx.core.runs.series import series_of

WIDEST = 100
"""Characters of a command line in a list."""


def record(run: Run) -> dict[str, object]:
    """A run as a program reads it, less what only its result knows; times are UTC."""
    over = run.is_over and run.duration is not None
    return {
        "run_id": run.id,
        "kind": run.kind,
        "status": run.status,
        "exit_code": run.exit_code,
        "argv": run.argv,
        "cwd": run.start.get("cwd"),
        "user": run.start.get("user"),
        "pid": pid_of(run),
        "background": run.start.get("background") is True,
        "terminal": run.terminal,
        "output_stored": stores_output(run),
        "started_at": timestamp(run.started),
        "ended_at": timestamp(run.started + (run.duration or 0.0)) if over else None,
        "duration_s": None if run.duration is None else round(run.duration, 3),
        "cpu_s": run.number("cpu_s"),
        "peak_rss_bytes": run.number("peak_rss_bytes"),
        "limits": run.limits,
        "outer": run.outer or None,
        "network": run.network or None,
    }


def row(run: Run) -> str:
    """One line of the list."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    code = "" if run.exit_code is None else str(run.exit_code)
    return f"{run.id}  {when}  {run.status:<11} {code:>3} {took(run.duration):>9}  {shortened(command_line(run))}"


def row_of_figures(figures: Figures) -> str:
    """One line of the statistics."""
    times = f"{took(figures.p50_s):>9} {took(figures.p95_s):>9}"
    return f"{figures.runs:>6} {figures.failures:>6} {times}  {visible(figures.command)}"


def pid_of(run: Run) -> int | None:
    """The process of its llm-exec; None for one inside a sandbox, where other numbers hold."""
    return run.claim.pid or None


def command_line(run: Run) -> str:
    """The command, harmless to a terminal."""
    return visible(shlex.join(run.argv))


def shortened(text: str) -> str:
    """``text`` cut where it would fill lines of a list."""
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def visible(text: str) -> str:
    """``text`` on one line, with what a terminal would obey written in escapes."""
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() else each.encode("unicode_escape").decode() for each in text])


def took(seconds: float | None) -> str:
    """A time as people read it; ``-`` for one that nobody knows."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def print_run(run: Run, result: dict[str, Any]) -> None:
    """All facts, a line each, and the charts."""
    for name, value in facts(run, result):
        print(f"{name:<10} {value}")
    series = series_of(result)
    if not series:
        return
    if sys.stdout.isatty():
        print_charts(series)
        return
    for one in series:
        print(f"{one.title:<10} {sparkline(one)}  at most {max(one.values):.1f} {one.unit}")


def facts(run: Run, result: dict[str, Any]) -> list[tuple[str, str]]:
    """What there is to say, in the order in which it is read; what is not known is left out."""
    usage = result.get("usage") or {}
    pairs = [
        ("run", run.id),
        ("command", command_line(run)),
        ("in", visible(str(run.start.get("cwd", "")))),
        ("user", visible(str(run.start.get("user", "")))),
        ("status", _status(run, result)),
        ("within", run.outer),
        ("started", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))),
        ("took", took(run.duration)),
        ("CPU time", took(run.number("cpu_s")) if run.number("cpu_s") is not None else ""),
        ("memory", f"{usage['peak_rss_bytes'] / 1e6:.1f} MB at most" if usage.get("peak_rss_bytes") else ""),
        ("processes", f"{usage['processes']} at most" if usage.get("processes") else ""),
        ("limits", visible(", ".join(_limit(*item) for item in result.get("limits", {}).items()))),
        ("terminal", _terminal(result)),
        ("sandbox", visible(str((result.get("sandbox") or {}).get("level", "")))),
        ("output", _output(run)),
        *_network(run),
    ]
    return [(name, value) for name, value in pairs if value]


def _network(run: Run) -> list[tuple[str, str]]:
    """What it reached, a line for each host and port, and what was refused."""
    network = run.network
    found = []
    for entry in (*network.get("hosts", ()), *network.get("ports", ())):
        name = entry.get("name") or f"{entry.get('kind')} {entry.get('port')}"
        found.append(
            ("network", visible(f"{name}: sent {size(entry['sent_bytes'])}, received {size(entry['received_bytes'])}"))
        )
    if refused := network.get("refused"):
        told = (f"{entry['name']} ({str(entry.get('reason')).replace('_', ' ')})" for entry in refused)
        found.append(("refused", visible(", ".join(told))))
    if problem := network.get("problem"):
        found.append(("problem", visible(problem)))
    return found


def size(number: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _limit(name: str, value: float) -> str:
    """One limit as a person reads it: times in seconds, sizes in megabytes."""
    words = name.replace("_", " ")
    if name in ("memory", "max_file_size", "max_output"):
        return f"{words} {value / 1e6:.1f} MB"
    return f"{words} {value:g}" + ("" if name == "max_procs" else " s")


def missing_of(run: Run) -> int | None:
    """How many bytes from the middle of its output are not stored; None where none of it is."""
    return missing(run.folder) if stores_output(run) else None


def _output(run: Run) -> str:
    gone = missing_of(run)
    if gone is None:
        return ""
    return f"llmx runs logs {run.id}" + (f", less {gone / 1e6:.1f} MB from the middle" if gone else "")


def _terminal(result: dict[str, Any]) -> str:
    shown = result.get("terminal") or {}
    return visible(" ".join([str(part) for part in (shown.get("name"), shown.get("window")) if part]))


def _status(run: Run, result: dict[str, Any]) -> str:
    parts = [run.status if run.exit_code is None else f"{run.status}, exit code {run.exit_code}"]
    parts += [str(result[name]) for name in ("signal", "limit") if result.get(name)]
    if result.get("blocked_on"):
        parts.append(f"it waited for {result['blocked_on']}")
    if error := result.get("setup_error"):
        parts.append(str(error.get("message", "")))
    if run.status == "lost":
        parts.append("its llm-exec was killed, nobody saw how the command ended")
    if run.status == "running" and (pid := pid_of(run)) is not None:
        parts.append(f"process {pid}")
    return visible(", ".join(parts))
