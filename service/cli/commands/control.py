"""The commands that tell a session something in the midst of it, whoever drives it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.commands.program import app, carry_out
from service.cli.options import AsJson, Reason, Session, as_typed

if TYPE_CHECKING:
    from uuid import UUID

    from service.cli.control import Controls, TellFn
    from service.client import Client

Call = Annotated[
    str, typer.Argument(metavar="CALL", help="The call, as `show` names it: 2.0, for example.")
]


class Outcome(StrEnum):
    """What became of a call."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did_not_happen"


@app.command(epilog='Example: agent-runtime cancel last --reason "the task is done"')
def cancel(session: Session, *, reason: Reason = "", as_json: AsJson = False) -> int:
    """End a session; what it has paid for or done stays in the log."""
    return _tell(session, lambda c, id_: c.cancel(id_, reason=reason), as_json=as_json)


@app.command(epilog='Example: agent-runtime pause last --reason "maintenance at noon"')
def pause(session: Session, *, reason: Reason = "", as_json: AsJson = False) -> int:
    """Let a session begin nothing more, until it is resumed; what is under way may end."""
    return _tell(session, lambda c, id_: c.pause(id_, reason=reason), as_json=as_json)


@app.command(epilog="Example: agent-runtime approve last 2.0 --arguments '{\"bill\": 7}'")
def approve(
    session: Session,
    call: Call,
    *,
    arguments: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="Run it with these instead of the model's."),
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Let a call run that waits for a word; the session goes on when none waits any more."""
    from service.cli.control import object_given

    return _tell(
        session,
        lambda c, id_: c.approve(
            id_, call, arguments=object_given("--arguments", arguments), reason=reason
        ),
        as_json=as_json,
    )


@app.command(epilog='Example: agent-runtime reject last 2.0 --reason "the bill is paid"')
def reject(session: Session, call: Call, *, reason: Reason = "", as_json: AsJson = False) -> int:
    """Let a call that waits for a word never run; the model is told the reason."""
    return _tell(session, lambda c, id_: c.reject(id_, call, reason=reason), as_json=as_json)


@app.command(epilog="Example: agent-runtime reconcile last 2.0 happened --data '{\"receipt\": 1}'")
def reconcile(
    session: Session,
    call: Call,
    outcome: Annotated[Outcome, typer.Argument(metavar="happened|did_not_happen")],
    *,
    data: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="What it gave back, as the model is to be told."),
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Say what became of a call whose outcome a crash left unknown; then `resume` the session.

    What did not happen is run then.
    """
    from service.cli.control import json_given

    return _tell(
        session,
        lambda c, id_: c.reconcile(
            id_, call, outcome.value, data=json_given("--data", data), reason=reason
        ),
        as_json=as_json,
    )


@app.command(epilog="Example: agent-runtime budget last --tokens 50000 --steps 20")
def budget(
    session: Session,
    *,
    tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Of prompts and answers, in all.")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="In all.")] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Of models and tools at work, in all.")
    ] = None,
    cost: Annotated[float | None, typer.Option(metavar="USD", help="Dollars, in all.")] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Let a session spend more, in all; then `resume` it, if it paused for want of that."""

    async def tell(control: "Controls", session_id: "UUID") -> object:
        with as_typed(tokens="--tokens", steps="--steps", seconds="--seconds", cost="--cost"):
            return await control.raise_budget(
                session_id,
                tokens=tokens,
                steps=steps,
                seconds=seconds,
                cost=cost,
                reason=reason,
            )

    return _tell(session, tell, as_json=as_json)


def _tell(session: str, tell: "TellFn", *, as_json: bool) -> int:
    from service.cli.control import tell_session

    async def there(client: "Client") -> int:
        from service.cli import remote_sessions

        return await remote_sessions.tell_session(client, name=session, tell=tell, as_json=as_json)

    return carry_out(
        lambda s: tell_session(s, name=session, tell=tell, as_json=as_json),
        as_json=as_json,
        remote=there,
    )
