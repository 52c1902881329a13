"""What an edit of clients' files costs and keeps: ``python -m tests.benchmarks.clients [ROUNDS]``.

First in process: one server added to, changed in and taken out of every client's file of the corpus. Then the same
edit, one server for four agents, as a command beside ruler, rulesync and add-mcp from npm, interleaved, as ratios of
CPU time, each in a fresh copy of the same project; ruler writes its rules, too, as it cannot leave them out.
``$CLIENT_PEERS`` keeps the packages between runs.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llmx.clients.applying import prepare
from llmx.clients.protocol import Where
from llmx.clients.registry import find
from llmx.core.source import read_source
from tests.benchmarks.startup import install
from tests.clients.corpus import CASES

BOUND_MS = 50.0
"""Of CPU time, for 95 of 100 edits in process."""
ROUNDS = 7
PACKAGES = ("@intellectronica/ruler", "rulesync", "add-mcp")
SOURCES = (
    '[mcp.servers.zz]\ncommand = "node"\nargs = ["x.js"]\n',
    '[mcp.servers.zz]\ncommand = "deno"\nargs = ["x.js"]\n',
    "[mcp]\n",
)
AGENTS = ("claude", "cursor", "codex", "opencode")
FILES = {
    ".mcp.json": '{\n  "mcpServers": {\n    "mine": {"type": "stdio", "command": "x"}\n  }\n}\n',
    ".cursor/mcp.json": '{\n  "mcpServers": {\n    "mine": {"command": "x"}\n  }\n}\n',
    ".codex/config.toml": '# mine\nmodel = "o5" # best\n\n[mcp_servers.mine] # first\ncommand = "x"\n',
    "opencode.json": '{\n  "theme": "auto",\n  "mcp": {\n    "mine": {"type": "local", "command": ["x"]}\n  }\n}\n',
    "CLAUDE.md": "# Mine\n",
    "llmx.toml": '[mcp.servers.docs]\ncommand = "node"\nargs = ["x.js"]\n',
    ".ruler/ruler.toml": '[mcp_servers.docs]\ncommand = "node"\nargs = ["x.js"]\n',
    ".rulesync/mcp.json": '{"mcpServers": {"docs": {"type": "stdio", "command": "node", "args": ["x.js"]}}}\n',
}
"""A project with files of its user's, and the same server in the source of each tool."""
TARGETS = (".mcp.json", ".cursor/mcp.json", ".codex/config.toml", "opencode.json")


def edits_in_process(home):
    """CPU and wall milliseconds of every edit of the corpus."""
    where = Where({"HOME": str(home), "PATH": os.environ["PATH"]}, home / "project", "linux")
    taken = []
    for case in CASES:
        file = find(case.client).files(where, "user")[0].path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(case.data)
        for text in SOURCES:
            source = read_source("config.toml", text.encode())
            begun, clock = time.process_time(), time.perf_counter()
            prepare({"user": source}, [find(case.client)], where).plan().apply()
            taken.append(((time.process_time() - begun) * 1000, (time.perf_counter() - clock) * 1000))
        file.unlink(missing_ok=True)
    return taken


def peers():
    """The folder of the peers' programs, filled from npm."""
    folder = Path(os.environ.get("CLIENT_PEERS") or Path.home() / ".cache/llmx-client-peers")
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / "node_modules" / package).exists() for package in PACKAGES):
        (folder / "package.json").write_text('{"private": true}\n')
        words = ["npm", "install", "--force", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run([*words, *(f"{package}@latest" for package in PACKAGES)], cwd=folder, check=True)
    return folder / "node_modules/.bin"


def commands(ours, theirs):
    """Tool -> the command that does the edit in the current project."""
    agents = ",".join(AGENTS)
    add = ["node x.js", "-n", "docs", "-y"]
    for name in ("claude-code", "cursor", "codex", "opencode"):
        add += ["-a", name]
    targets = "claudecode,cursor,codexcli,opencode"
    return {
        "llmx client apply": [str(ours / "llmx"), "client", "apply", *AGENTS, "--project"],
        "ruler apply": [str(theirs / "ruler"), "apply", "--agents", agents, "--no-gitignore"],
        "rulesync generate": [str(theirs / "rulesync"), "generate", "--targets", targets, "--features", "mcp"],
        "add-mcp": [str(theirs / "add-mcp"), *add],
    }


def run(command, folder):
    """The command in a fresh copy of the project: CPU seconds, and what became of its files."""
    project, home = folder / "project", folder / "home"
    for one in (project, home):
        shutil.rmtree(one, ignore_errors=True)
        one.mkdir()
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / ".ruler/AGENTS.md").write_text("Rules.\n")
    trust = hashlib.sha256(FILES["llmx.toml"].encode()).hexdigest()
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LLMX_TRUST": f"sha256:{trust}", "CI": "1"}
    pid = os.fork()
    if pid == 0:
        os.chdir(project)
        with open(folder / "said", "wb") as said, open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        os.execve(command[0], command, env)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, (folder / "said").read_text()
    return used.ru_utime + used.ru_stime, fate(project)


def fate(project):
    """Agents that got the server, files whose every line still stands, and files in which the user's server does."""
    texts = {name: (project / name).read_text() for name in FILES}
    got = sum("x.js" in texts[name] for name in TARGETS)
    whole = sum(set(_words(FILES[name])) <= set(_words(texts[name])) for name in (*TARGETS, "CLAUDE.md"))
    mine = sum("mine" in texts[name].replace("# mine", "") for name in TARGETS)
    return got, whole, mine


def _words(text):
    """What a line says, without what another entry behind it needs."""
    return [line.strip().rstrip(",") for line in text.splitlines()]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"], own = str(folder), os.environ["HOME"]
        for variable in [one for one in os.environ if one.startswith("XDG_")]:
            del os.environ[variable]
        cpu, wall = (sorted(column) for column in zip(*edits_in_process(folder), strict=True))
        at = int(len(cpu) * 0.95)
        middle = len(cpu) // 2
        print(f"{len(cpu)} edits in process: p50 {cpu[middle]:.1f}, p95 {cpu[at]:.1f} ms CPU (at most {BOUND_MS:g})")
        print(f"by the clock: p50 {wall[len(wall) // 2]:.1f}, p95 {wall[at]:.1f} ms\n")
        os.environ["HOME"] = own
        tools = commands(install(folder / "installed"), peers())
        for command in tools.values():
            run(command, folder)
        taken = [{tool: run(command, folder) for tool, command in tools.items()} for _ in range(rounds)]
    costs = {tool: sorted(one[tool][0] for one in taken)[rounds // 2] for tool in tools}
    base = costs["llmx client apply"]
    print(
        "| the same edit by | CPU ms | times llmx | agents told, of 4 | files with all lines of the user's, of 5 "
        "| user's servers, of 4 |\n|---|---|---|---|---|---|"
    )
    for tool, cost in costs.items():
        got, whole, mine = taken[-1][tool][1]
        print(f"| {tool} | {cost * 1000:.0f} | {cost / base:.2f} | {got} | {whole} | {mine} |")
    ours = taken[-1]["llmx client apply"][1]
    sys.exit(0 if cpu[at] <= BOUND_MS and ours == (4, 5, 4) else 1)


if __name__ == "__main__":
    main()
