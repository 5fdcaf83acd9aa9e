"""The arguments and options of every command, and the ones that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ShowFormat(StrEnum):
    """What most commands print."""

    TABLE = "table"
    JSON = "json"


AuthservIds = Annotated[
    list[str] | None,
    typer.Option("--authserv-id", metavar="ID", help="Whose Authentication-Results to trust; repeatable."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration. [env: OFFERWATCH_CONFIG]"),
]
Now = Annotated[str | None, typer.Option(metavar="INSTANT", help="Judge as if it were this time.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write there, not to the screen.")]
Show = Annotated[ShowFormat, typer.Option("--format", help="For people, or for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what has no flag takes its default.")]
