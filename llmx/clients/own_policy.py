"""llm-exec as a client of the same rules: what no agent may run, its wrapper does not run either."""

from pathlib import Path

from llmx import paths
from llmx.clients.protocol import Entry, File, Reader, Rendering, Scope, Where
from llmx.core import edits
from llmx.core.edits.values import look
from llmx.core.source import Permissions, Server, Source, user_source


class OwnPolicy:
    """The policy of llm-exec, in the settings file that the rules come from."""

    name, title, program = "llm-exec", "llm-exec", "llm-exec"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """The settings file of the scope."""
        if scope == "project":
            return (File(where.project / "llmx.toml", "toml"),)
        return (File(Path(paths.config_dir(where.env)) / "config.toml", "toml"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """Rules to refuse and to ask; a list of what is allowed would refuse all else."""
        del read
        file = self.files(where, scope)[0]
        every = source.rules_for(None)
        below = self._below(where, scope)
        rules = {
            "deny": tuple(dict.fromkeys([*every.deny, *(below.deny if every.deny else ())])),
            "ask": tuple(dict.fromkeys([*every.ask, *(below.ask if every.ask else ())])),
        }
        entries = [
            Entry(file, ("exec", "policy", verdict), rule, "permission", is_member=True)
            for verdict, listed in rules.items()
            for rule in listed
        ]
        return Rendering(tuple(entries))

    def _below(self, where: Where, scope: Scope) -> Permissions:
        """The rules of the files below, which a list in this one would take the place of."""
        files = [paths.SYSTEM_CONFIG]
        mine = Permissions()
        if scope == "project":
            files.append(str(self.files(where, "user")[0].path))
            mine = user_source(where.env).rules_for(None)
        found: dict[str, list[str]] = {"ask": [], "deny": []}
        for file in files:
            for verdict, before in found.items():
                listed = look(edits.read(Path(file), "toml"), ("exec", "policy", verdict))
                found[verdict] = listed if isinstance(listed, list) else before
        return Permissions((), (*found["ask"], *mine.ask), (*found["deny"], *mine.deny))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """None: it uses none."""
        del where, scope, read
        return []


OWN_POLICY = OwnPolicy()
