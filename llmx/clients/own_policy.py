"""llm-exec as a client of the same rules: what no agent may run, its wrapper does not run either."""

from pathlib import Path

from llmx import paths
from llmx.clients.protocol import Entry, File, Reader, Rendering, Scope, Where
from llmx.core.source import Server, Source


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
        entries = [
            Entry(file, ("exec", "policy", verdict), rule, "permission", is_member=True)
            for verdict, listed in (("deny", every.deny), ("ask", every.ask))
            for rule in listed
        ]
        return Rendering(tuple(entries))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """None: it uses none."""
        del where, scope, read
        return []


OWN_POLICY = OwnPolicy()
