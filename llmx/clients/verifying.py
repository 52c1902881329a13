"""Ask the real program what it took from its files: offline, in a home that holds a copy of them and nothing else.

Values are compared. An exit code says little: Goose takes a broken file for an empty one and exits 0.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from llmx.clients.asking import ASKED, Run
from llmx.clients.protocol import Client, Scope, Where
from llmx.clients.reading import value_in
from llmx.core.edits import Change, Set, plan
from llmx.core.edits.values import look
from llmx.core.redact import mask_argv, mask_text
from llmx.core.source import Server
from llmx.errors import InconclusiveError

DEADLINE_S = 120.0
MOVED = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME")
QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "GOOSE_DISABLE_KEYRING": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NO_COLOR": "1",
}


NOBODY = "http://127.0.0.1:9"
NO_PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOBODY)
OFFLINE = {"codex": NO_PROXY, "aider": NO_PROXY, "amp": {**NO_PROXY, "AMP_URL": NOBODY}}
"""Codex' doctor would ask for updates, Aider for prices, and Amp for the servers of an account."""


class Compared(NamedTuple):
    """One value: as the file says, and as the program does; empty where it does not know it."""

    what: str
    wanted: str
    found: str

    @property
    def agrees(self) -> bool:
        return self.wanted == self.found

    @property
    def shown(self) -> "Compared":
        """The same without keys that stand in a URL or a command."""
        return self._replace(wanted=_masked(self.wanted), found=_masked(self.found))


def verify(client: Client, where: Where, scopes: tuple[Scope, ...] = ("user",)) -> list[Compared]:
    """Each value of the files of ``scopes`` beside the program's; ``InconclusiveError`` where it cannot be asked.

    A project's files are for those that trust it only: a program may start what they name.
    """
    if client.name not in ASKED:
        hint = f"llmx client check {client.name} compares the files"
        raise InconclusiveError(f"llmx knows no way to ask {client.title} offline what it took", hint=hint)
    program = shutil.which(client.program, path=where.env.get("PATH"))
    if program is None:
        raise InconclusiveError(f"{client.program} is not on the PATH", hint="llmx client check compares the files")
    scopes = tuple(scope for scope in scopes if client.files(where, scope))
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(client, where, Path(folder), scopes)
        wanted, find = ASKED[client.name]
        said = find(_runner(program, copy))
    servers = [server for scope in scopes for server in client.servers(where, scope, value_in)]
    expected = {f"mcp {server.name}": reached(server) for server in servers if server.enabled and not server.fault}
    expected |= wanted(client, where, scopes)
    rows = [(what, value, said.get(what, "")) for what, value in expected.items()]
    return [Compared(what, value, found) for what, value, found in rows if found is not None]


def _masked(text: str) -> str:
    return mask_text(" ".join(mask_argv(text.split(" "), {})), {})


def reached(server: Server) -> str:
    """How a server is reached, in one line."""
    return server.url or " ".join([server.command, *server.args])


def _copied(client: Client, where: Where, home: Path, scopes: tuple[Scope, ...]) -> Where:
    """A home with copies of the client's files, and in it a folder with those of the project."""
    env = {name: value for name, value in where.env.items() if name not in MOVED}
    project = home / "project"
    project.mkdir()
    copy = Where({**env, **QUIET, **OFFLINE.get(client.name, {}), "HOME": str(home)}, project, where.platform)
    for scope in scopes:
        for old, new in zip(client.files(where, scope), client.files(copy, scope), strict=True):
            if old.path.exists():
                new.path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(old.path, new.path)
    if client.name == "codex" and "project" in scopes:
        _trust_copy(client.files(copy, "user")[0].path, where.project, project)
    return copy


def _trust_copy(file: Path, project: Path, copy: Path) -> None:
    """Codex trusts folders by their names: let it trust the copy as it does the project."""
    trust = look(value_in(file, "toml"), ("projects", str(project), "trust_level"))
    if trust == "trusted":
        change = Change(file, [Set(("projects", str(copy), "trust_level"), trust)], "toml")
        file.write_bytes(plan([change], title="").files[0].after or b"")


def _runner(program: str, where: Where) -> Run:
    def run(*words: str, stream: str = "stdout") -> str:
        try:
            done = subprocess.run(
                [program, *words],
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
                stdin=subprocess.DEVNULL,
                env=dict(where.env),
                cwd=where.project,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InconclusiveError(f"{program} did not answer: {error}") from None
        answer = done.stderr if stream == "stderr" else done.stdout
        if not answer.strip():
            said = mask_text(done.stderr.strip()[-600:], where.env)
            raise InconclusiveError(f"{program} {' '.join(words)} says nothing but: {said}")
        return answer

    return run
