"""How facts are printed: text for people, JSON for programs."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """The two forms."""

    text = "text"
    json = "json"


OutputOption = Annotated[Output, typer.Option("--output", help="text or json.")]
