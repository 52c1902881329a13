"""Begin a prompt of one's own: the file, and the line of the source that names it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from llmx.core.edits import Change, Operation, Set, edit
from llmx.core.settings.sources import shown
from llmx.core.source import user_source
from llmx.core.source.writing import file_of, planned
from llmx.errors import UsageError
from llmx.prompts.library import user_folder
from llmx.prompts.reading import NAME

TEXT = """\
---
description: {description}
kind: {kind}
variables:
  task:
    description: What is to be done
    default: what the user asks for
---
The task: {{{{ task }}}}.

{{{{ agents_md }}}}

- Say here what a newcomer to this kind of work would get wrong.

{{{{ llm_exec }}}}

{{{{ client_notes }}}}
"""


def begin(name: str, kind: str, description: str, *, register: bool, env: Mapping[str, str] = os.environ) -> Path:
    """Write the file of a new prompt, and name it in the user's source; raises ``UsageError`` for one that is there."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{shown(name)} is no name of a prompt", hint="lower-case letters, digits and single dashes")
    file = user_folder(env) / f"{name}.md"
    if file.exists():
        raise UsageError(f"{file} exists", hint=f"edit it, then: llmx prompt check {name}")
    text = TEXT.format(kind=kind, description=json.dumps(description, ensure_ascii=False))
    changes = [Change(file, [Set(("text",), text)], format="text")]
    source = file_of("user", env, os.getcwd())
    if register and name not in user_source(env).prompts:
        entry: list[Operation] = [Set(("prompts", name), {"kind": kind})]
        planned(source, entry)
        changes.append(Change(source, entry))
    edit(changes, title=f"llmx prompt new {name}")
    return file
