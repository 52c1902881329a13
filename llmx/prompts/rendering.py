"""A prompt's text for one client, every word of it filled in."""

from collections.abc import Mapping
from pathlib import Path

from llmx.core.source.usage import usage
from llmx.errors import UsageError, nearest
from llmx.prompts import Prompt
from llmx.prompts.template import filled

PROVIDED = ("client", "agents_md", "llm_exec", "client_notes")
"""Words that llmx fills in: the client's name, and three texts that every prompt may put where it likes."""

NOTES = Path(__file__).parents[1] / "data/prompts/clients"
AGENTS_MD = """\
Read `AGENTS.md` before you start: the file of the folder you work in, and those of the folders above it. Where they \
differ the nearest one holds, and what the user asks for goes over all of them. Run the checks that they name before \
you say that you are done.
"""


def rendered(prompt: Prompt, given: Mapping[str, str], client: str = "", *, with_exec: bool = True) -> str:
    """The text for ``client``, or for any; raises ``UsageError`` that names what is missing and what is unknown."""
    for name in given:
        if name not in prompt.variables:
            near = nearest(name, prompt.variables)
            listed = ", ".join(prompt.variables) or "none"
            hint = f"did you mean {near}?" if near else f"its variables: {listed}"
            raise UsageError(f"{prompt.name} has no variable {name!r}", hint=hint)
    lacking = missing(prompt, given)
    if lacking:
        asked = " ".join(f"--var {name}=…" for name in lacking)
        hint = f"llmx prompt render {prompt.name} {asked}"
        raise UsageError(f"{prompt.name} needs a value for {', '.join(lacking)}", hint=hint)
    defaults = {name: one.default for name, one in prompt.variables.items()}
    return tidy(filled(prompt.body, {**defaults, **given, **provided(client, with_exec=with_exec)}))


def missing(prompt: Prompt, given: Mapping[str, str]) -> list[str]:
    """The words that have no default and are not given."""
    return [name for name, one in prompt.variables.items() if one.default is None and name not in given]


def shown_text(prompt: Prompt, client: str = "", *, with_exec: bool = True) -> str:
    """The same to be looked at: a word without a default stays as it is written."""
    words = {name: f"{{{{ {name} }}}}" if v.default is None else v.default for name, v in prompt.variables.items()}
    return rendered(prompt, words, client, with_exec=with_exec)


def provided(client: str, *, with_exec: bool) -> dict[str, str]:
    """The words that llmx fills in."""
    notes = NOTES / f"{client}.md"
    return {
        "client": client,
        "agents_md": AGENTS_MD.strip(),
        "llm_exec": usage().strip() if with_exec else "",
        "client_notes": notes.read_text(encoding="utf-8").strip() if client and notes.exists() else "",
    }


def tidy(text: str) -> str:
    """``text`` without the blank lines that an empty word leaves behind; those in code stay."""
    kept: list[str] = []
    in_code = False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        if in_code or line.strip() or (kept and kept[-1]):
            kept.append(line if line.strip() else "")
    return "\n".join(kept).strip("\n") + "\n"
