"""Arguments and options of the commands."""

from pathlib import Path
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
Host = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Instead of AGENT_RUNTIME_HOST.")]
Port = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, max=65_535, help="Instead of AGENT_RUNTIME_PORT."),
]
RoundCount = Annotated[int, typer.Option(metavar="N", min=1, help="Rounds of each bench.")]
RoundSeconds = Annotated[
    float, typer.Option(metavar="S", min=0.01, help="How long one round measures.")
]
SetFile = Annotated[
    Path | None,
    typer.Option(
        "--set",
        metavar="FILE",
        help="JSON lines of conversations, questions and evidence, for the bench `retrieval`.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 where a budget was missed.")]
Agent = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION|TIME|SESSION@VERSION",
        help="As it was at a version of the memory, at a time, or for a step of a session.",
    ),
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, help="How many at most.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is recorded.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="May be given several times."),
]
