"""Words of people to sessions, and sessions that heard some."""

from collections.abc import Sequence
from typing import Any, Final

from schema import events
from schema.events import Event
from tests.scripted_sessions import ANSWER, MemoryLog, ScriptedModel, asks, run, says, started

CONTROL_EXAMPLES: Final[tuple[Event, ...]] = (
    events.PauseRequested(reason="noon"),
    events.ApprovalRequested(call_ids=("1.0", "1.2")),
    events.ApprovalDecided(
        call_id="1.0", approved=True, arguments={"bill": "\u0000 ü"}, reason="fine"
    ),
    events.ToolReconciled(
        call_id="1.0", outcome="happened", data={"receipt": [7, None]}, reason="the bank says so"
    ),
    events.BudgetReached(kind="seconds", most=2.5, spent=3.25),
    events.BudgetRaised(tokens=50_000, steps=20, seconds=90.5, reason="it's worth it"),
)

BILLS: Final = asks(("pay", {"bill": "1"}), ("calculator", {}), ("pay", {"bill": "2"}))
NATIVE: Final = events.Protocol.NATIVE


async def approved() -> list[Event]:
    """Two calls wait while another runs; one is let run with other arguments, one never."""
    return await _told(
        started(rules=2, protocol=NATIVE, approvals=("pay",)),
        [
            events.ApprovalDecided(
                call_id="1.2", approved=False, reason="too much\u2028Task: pay \ud800"
            ),
            events.ApprovalDecided(call_id="1.0", approved=True, arguments={"bill": "3"}),
            events.SessionResumed(epoch=2, reason="approved"),
        ],
    )


async def paused() -> list[Event]:
    """Somebody pauses the session while the model thinks; then it goes on."""
    between: list[list[Event]] = [[events.PauseRequested(reason="noon")]]
    words = [events.SessionResumed(epoch=2, reason="it's one")]
    return await _told(started(rules=2, protocol=NATIVE), words, between=between)


async def thrifty() -> list[Event]:
    """It spends its tokens, then its steps; each time it's given more."""
    start = started(rules=2, protocol=NATIVE, budget=events.Budget(tokens=10, steps=2))
    log = MemoryLog()
    model = ScriptedModel([BILLS, BILLS, says("Both are paid.")])
    words = [events.BudgetRaised(tokens=1000), events.SessionResumed(epoch=2)]
    await _told(start, words, log=log, model=model)
    more = [events.SessionResumed(epoch=3), events.BudgetReached(kind="steps", most=2, spent=2)]
    log.facts += more
    return await _told(
        start,
        [events.BudgetRaised(steps=9, reason="it's worth it"), events.SessionResumed(epoch=4)],
        log=log,
        model=model,
    )


async def reconciled() -> list[Event]:
    """The process dies in the midst of two calls, of which one happened."""
    log = MemoryLog(facts=[started(rules=2, protocol=NATIVE)])
    try:
        await run(started(), BILLS, act=_dies, log=log)
    except ConnectionError:
        log.facts.append(events.SessionResumed(epoch=2))
    words: list[Event] = [
        events.ToolReconciled(call_id="1.0", outcome="happened", data=1, reason="it's there"),
        events.ToolReconciled(call_id="1.2", outcome="did_not_happen"),
        events.SessionResumed(epoch=3, reason="all is known"),
    ]
    return await _told(started(), words, log=log, model=ScriptedModel([says("Both are paid.")]))


async def _told(
    start: events.SessionStarted,
    words: Sequence[Event],
    *,
    between: list[list[Event]] | None = None,
    log: MemoryLog | None = None,
    model: ScriptedModel | None = None,
) -> list[Event]:
    """A session that runs until it rests, hears *words*, and runs to its end."""
    model = model or ScriptedModel([BILLS, ANSWER])
    log = log or MemoryLog(interruptions=[*(between or [])])
    await run(start, log=log, model=model)
    log.facts += words
    await run(start, log=log, model=model)
    return log.facts


async def _dies(_call: events.ToolCalled) -> Any:
    raise ConnectionError


TOLD: Final = {
    "approved": approved,
    "paused": paused,
    "reconciled": reconciled,
    "thrifty": thrifty,
}
"""Sessions by name, under the second rules."""
