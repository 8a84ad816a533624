"""What must be true of a session that was killed and taken over, however often."""

from collections import Counter
from collections.abc import Iterator, Sequence

from schema import events
from schema.envelope import RecordedEvent
from schema.events import Effect
from service.agent.session import SessionState, Status, fold
from service.replay import verify
from tests.kill.story import ANSWER, NOTE, STEPS
from tests.kill.world import World


def judge(facts: Sequence[RecordedEvent], mind: Sequence[RecordedEvent], world: World) -> list[str]:
    """What is wrong with a session at rest; nothing, it's hoped."""
    state = fold(fact.event for fact in facts)
    found = [*_lost(state), *_effects(facts, state, world), *_notes(facts, mind)]
    if difference := verify(facts).difference:
        found.append(f"verify: {difference}")
    return found


def _lost(state: SessionState) -> Iterator[str]:
    if (state.status, state.answer) != (Status.COMPLETED, ANSWER):
        yield f"lost: it is {state.status}, {state.cause}: {state.detail}"
    if state.steps != len(STEPS):
        yield f"lost: it has {state.steps} steps"


def _effects(facts: Sequence[RecordedEvent], state: SessionState, world: World) -> Iterator[str]:
    """Whether the world has what the log says, and not more often than it may."""
    session = facts[0].stream.removeprefix("session-")
    returns = Counter(_returns(facts))
    for fact in facts:
        call = fact.event
        if not isinstance(call, events.ToolCalled):
            continue
        happened = world.of(session, call.call_id)
        if call.effect is Effect.AT_MOST_ONCE and len(happened) > 1:
            yield f"twice: {call.call_id} {call.tool} happened {len(happened)} times"
        if any(one.key != str(fact.event_id) for one in happened):
            yield f"key: {call.call_id} {call.tool} came under another key than its call's id"
        if returns[call.call_id] > 1:
            yield f"twice: {call.call_id} returned {returns[call.call_id]} times"
        if state.ended and returns[call.call_id] == 0:
            yield f"lost: {call.call_id} never returned"
        if call.effect is not Effect.TRANSACTIONAL and returns[call.call_id] and not happened:
            yield f"lost: {call.call_id} {call.tool} returned and never happened"


def _returns(facts: Sequence[RecordedEvent]) -> Iterator[str]:
    """The calls that came back, or of which somebody said that they did happen."""
    for fact in facts:
        match fact.event:
            case events.ToolReturned(call_id=call_id):
                yield call_id
            case events.ToolReconciled(call_id=call_id, outcome="happened"):
                yield call_id
            case _:
                pass


def _notes(facts: Sequence[RecordedEvent], mind: Sequence[RecordedEvent]) -> Iterator[str]:
    """Whether memory holds the note once the log says that it was taken, and only once."""
    notes = sum(
        isinstance(fact.event, events.EpisodeRecorded) and fact.event.content == NOTE
        for fact in mind
    )
    noted = {
        fact.event.call_id
        for fact in facts
        if isinstance(fact.event, events.ToolCalled) and fact.event.effect is Effect.TRANSACTIONAL
    }
    returned = sum(
        isinstance(fact.event, events.ToolReturned) and fact.event.call_id in noted
        for fact in facts
    )
    if notes != returned:
        yield f"memory: {notes} notes for {returned} returns"
