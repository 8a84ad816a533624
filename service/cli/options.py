"""Arguments and options that several commands have."""

from typing import Annotated

import typer

Session = Annotated[
    str,
    typer.Argument(
        metavar="SESSION", help="Its id, a part of it at either end, or `last` for the newest."
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="N|LABEL", help="As it was after version N, or where a label was put."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines, for machines.")]
