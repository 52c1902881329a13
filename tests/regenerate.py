"""Write what is made from the code: README's tables, the section for AGENTS.md, completions/ and the help snapshots.

``python -m tests.regenerate`` writes, ``--check`` compares and exits 1 on a difference.
"""

import os
import sys
from pathlib import Path

from llmx import errors
from llmx.cli.app import Root
from llmx.cli.complete import SCRIPTS, script
from llmx.cli.places import places
from llmx.core.source.usage import usage
from tests import forked

ROOT = Path(__file__).resolve().parents[1]


def generated():
    """Each file's path below the root, and its text."""
    yield "README.md", readme()
    yield "examples/agents/AGENTS.md", usage()
    for name in SCRIPTS:
        yield f"completions/{name}", script(name)
    for place in places():
        if place.path != "llm-exec":
            yield f"tests/snapshots/{place.path.replace(' ', '_')}.txt", help_of(place.path.split()[1:])


def readme():
    """README.md with its two tables as the code has them."""
    text = (ROOT / "README.md").read_text()
    text = between(text, "commands", commands_table())
    return between(text, "exit codes", exit_code_table())


def between(text, name, table):
    """``text`` with ``table`` between the two marks called ``name``."""
    begin, end = f"<!-- {name}: written by python -m tests.regenerate -->\n", f"<!-- {name} end -->"
    head, rest = text.split(begin)
    return head + begin + table + end + rest.split(end)[1]


def commands_table():
    """One row a member of the tree."""
    rows = []
    for name, member in Root.members.items():
        below = [
            place.path.removeprefix(f"llmx {name} ") for place in places() if place.path.startswith(f"llmx {name} ")
        ]
        below = [path for path in below if not any(other.startswith(f"{path} ") for other in below)]
        rows.append(f"| `llmx {name}` {' · '.join(below)} | {member.help} |")
    return "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"


def exit_code_table():
    """One row a code, in the words of the kinds of error that carry it; a package's own kinds go under theirs."""
    meanings = {0: ["Done, nothing to report"], 1: ["The work was done and reports a failure or findings"]}
    for kind in subclasses(errors.LlmxError):
        if kind.__module__ == errors.__name__:
            known = meanings.setdefault(kind.exit_code, [])
            known.append(meaning(kind)[0].lower() + meaning(kind)[1:] if known else meaning(kind))
    meanings[124] = ["Timed out, or stalled"]
    rows = [f"| {code} | {', or '.join(meanings[code])} |" for code in sorted(meanings)]
    foot = "| 128+n | Signal n ended it: 130 interrupted; `llm-exec` says 137 for a limit too |"
    return "\n".join(["| code | meaning |", "|---|---|", *rows, foot]) + "\n"


def meaning(kind):
    """The first clause of the docstring of a kind of error."""
    return kind.__doc__.splitlines()[0].split(";")[0].rstrip(".").replace("``", "`")


def subclasses(kind):
    """Every kind of error below ``kind``."""
    return [each for child in kind.__subclasses__() for each in [child, *subclasses(child)]]


def help_of(words):
    """What ``--help`` prints through a pipe, 80 columns wide."""
    command = [sys.executable, "-m", "llmx", *words, "--help"]
    environment = os.environ | {"COLUMNS": "80", "TERMINAL_WIDTH": "80", "HOME": "/nonexistent"}
    return str(forked.run(command, text=True, check=True, env=environment).stdout)


def stale():
    """The files that differ from what the code says."""
    return orphans() + [
        name for name, text in generated() if not (ROOT / name).is_file() or (ROOT / name).read_text() != text
    ]


def orphans():
    """The help snapshots of commands that there are no more."""
    known = {f"{place.path.replace(' ', '_')}.txt" for place in places()}
    return [f"tests/snapshots/{path.name}" for path in (ROOT / "tests/snapshots").iterdir() if path.name not in known]


def main():
    if "--check" in sys.argv[1:]:
        old = stale()
        print("\n".join(f"{name} is out of date: run python -m tests.regenerate" for name in old) or "all current")
        return 1 if old else 0
    for name in orphans():
        (ROOT / name).unlink()
    for name, text in generated():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
