"""What is told a session in the midst of it: stop, pause, go on, approve, reconcile, spend more."""

from typing import Any, Final

from schema.messages.answers import SessionAnswer
from schema.messages.base import Message
from schema.messages.http import (
    CancelSession,
    DecideApproval,
    PauseSession,
    RaiseBudget,
    ReconcileCall,
    ResumeSession,
)
from service.api.route import Call, Handler, Reply, Route
from service.api.session_views import shown_session
from service.control import Control
from service.keys import Scope


async def cancel_session(call: Call) -> Reply:
    """Stop it, unless it has ended; its steps are kept."""
    await _control(call).cancel(call.session, reason=call.said(CancelSession).reason)
    return await _shown(call)


async def pause_session(call: Call) -> Reply:
    """Let nothing more begin until it is resumed; what is under way may return."""
    await _control(call).pause(call.session, reason=call.said(PauseSession).reason)
    return await _shown(call)


async def resume_session(call: Call) -> Reply:
    """Let a session go on here that was paused, or whose process is gone; 409 where it is driven.

    A process that is silent keeps its session for as long as its lease runs.
    """
    reason = call.said(ResumeSession).reason
    await call.services.supervisor.resume(call.session, reason, actor=call.caller.actor)
    return await _shown(call)


async def decide_approval(call: Call) -> Reply:
    """Let a call run that waits for a word, with other arguments if they are given, or never.

    The session goes on by itself when no call waits any more.
    """
    said, control = call.said(DecideApproval), _control(call)
    name = call.parameters["call"]
    if said.approved:
        arguments, reason = said.arguments, said.reason
        await control.approve(call.session, name, arguments=arguments, reason=reason)
    else:
        await control.reject(call.session, name, reason=said.reason)
    call.services.supervisor.ring()
    return await _shown(call)


async def reconcile_call(call: Call) -> Reply:
    """Say what became of a call whose outcome is unknown; then the session may be resumed.

    What did not happen is run then.
    """
    said = call.said(ReconcileCall)
    await _control(call).reconcile(
        call.session, call.parameters["call"], said.outcome, data=said.data, reason=said.reason
    )
    return await _shown(call)


async def raise_budget(call: Call) -> Reply:
    """Let it spend more, in all; one that paused for want of that goes on when it is resumed."""
    await _control(call).raise_budget(call.session, **call.said(RaiseBudget).model_dump())
    return await _shown(call)


def _control(call: Call) -> Control:
    return call.services.runtime.control(call.caller.actor, call.id)


async def _shown(call: Call) -> Reply:
    shown = await shown_session(call.services.log, call.session)
    return Reply(body=shown, version=shown["version"])


def _route(
    path: str,
    handler: Handler,
    summary: str,
    body: type[Message],
    example: dict[str, Any] | None = None,
) -> Route:
    return Route(
        method="POST",
        path=f"/v1/sessions/{{session}}/{path}",
        handler=handler,
        scope=Scope.SESSIONS_WRITE,
        summary=summary,
        group="sessions",
        body=body,
        answer=SessionAnswer,
        repeatable=True,
        example=example,
    )


ROUTES: Final = (
    _route("cancel", cancel_session, "Cancel a session", CancelSession),
    _route("pause", pause_session, "Pause a session", PauseSession),
    _route("resume", resume_session, "Let a session go on", ResumeSession),
    _route(
        "approvals/{call}",
        decide_approval,
        "Approve a call, or reject it",
        DecideApproval,
        {"approved": False, "reason": "the bill is paid"},
    ),
    _route(
        "reconcile/{call}",
        reconcile_call,
        "Say what became of a call",
        ReconcileCall,
        {"outcome": "happened", "data": {"receipt": 1}},
    ),
    _route("budget", raise_budget, "Let a session spend more", RaiseBudget, {"tokens": 50000}),
)
