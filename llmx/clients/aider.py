"""Aider: one YAML file. It has a model and an endpoint, and neither servers, rules nor prompts."""

from llmx.clients.hooks import AGENTS_MD, no_hooks, reading
from llmx.clients.prompts import losses as no_prompts
from llmx.clients.protocol import Entry, File, Loss, Reader, Rendering, Scope, Where, setting_entries
from llmx.core.source import Endpoint, Server, Source

KEY = "OPENAI_API_KEY"
NO_KEY = "local"
"""What stands for a key where a server of one's own needs none; without one, Aider does not ask it."""


class Aider:
    """Aider."""

    name, title, program = "aider", "Aider", "aider"

    def files(self, where: Where, scope: Scope) -> tuple[File, ...]:
        """Its one file, in the home or at the root of a project."""
        return (File((where.project if scope == "project" else where.home) / ".aider.conf.yml", "yaml"),)

    def render(self, source: Source, where: Where, scope: Scope, read: Reader) -> Rendering:
        """The endpoint, and settings."""
        file = self.files(where, scope)[0]
        endpoint = endpoint_entries(source.endpoint, file) if source.endpoint else ([], [])
        losses = [Loss("mcp", name, "Aider uses no servers") for name, one in source.servers.items() if one.enabled]
        losses += [Loss("lsp", name, "Aider has no language servers") for name in source.lsp]
        losses += no_prompts(source.prompts, "Aider has no prompts in a file of its own")
        if any(source.rules_for(self.name)):
            losses.append(Loss("permission", "all rules", "Aider asks about every command, and has no rules"))
        told = reading(source, file, ("read",), read(file.path, file.format), (AGENTS_MD,))
        losses += [*told[1], *no_hooks(source, self.title)]
        entries = [*endpoint[0], *told[0], *setting_entries(file, source.settings.get(self.name, {}))]
        return Rendering(tuple(entries), (*endpoint[1], *losses))

    def servers(self, where: Where, scope: Scope, read: Reader) -> list[Server]:
        """None: it uses none."""
        del where, scope, read
        return []


def endpoint_entries(endpoint: Endpoint, file: File) -> tuple[list[Entry], list[Loss]]:
    """OpenAI's wire."""
    said = {
        "model": f"openai/{endpoint.model}",
        "weak-model": f"openai/{endpoint.small_model or endpoint.model}",
        "openai-api-base": f"{endpoint.url}/v1",
        "show-model-warnings": False,
        **({} if endpoint.api_key else {"openai-api-key": NO_KEY}),
    }
    entries = [Entry(file, (name,), value, "endpoint") for name, value in said.items()]
    is_told = endpoint.api_key in ("", f"env:{KEY}")
    return entries, [] if is_told else [Loss("endpoint", "api_key", f"Aider takes a key from {KEY} only")]


AIDER = Aider()
