"""Arguments and options of the commands, and errors in their words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from schema.errors import Invalid

TYPED: Final = {
    **{name: name.upper() for name in ("agent", "content", "episode", "key", "query", "value")},
    **{
        name: f"--{name.replace('_', '-')}"
        for name in (
            *("as_of", "diff", "expires_at", "importance", "limit", "min_importance", "min_score"),
            *("policy", "since", "until"),
        )
    },
    "kinds": "--kind",
    "session": "--as-of",
    "tags": "--tag",
    "timestamp": "--at",
}
"""Fields of messages → the arguments and options that fill them."""

Session = Annotated[
    str,
    typer.Argument(
        metavar="SESSION", help="Its id, a part of it at either end, or `last` for the newest."
    ),
]
FilesRoot = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        help="The folder that file tools may read; they see nothing outside it.",
    ),
]
AllowHttp = Annotated[
    bool, typer.Option("--allow-http", help="Let http_get reach the public internet.")
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


@contextmanager
def as_typed(**options: str) -> Iterator[None]:
    """Name what is refused within as it was typed; *options* are fields that differ from others."""
    try:
        yield
    except Invalid as error:
        field = error.field.partition(".")[0]
        refused = type(error)({**TYPED, **options}.get(field, error.field), error.detail)
    else:
        return
    raise refused  # Outside the block: one fault, told once.
