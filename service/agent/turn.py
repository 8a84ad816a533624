"""A turn of a session: what the model said, what it asked for, and what came back."""

from msgspec import Struct

from schema import events
from schema.events import Effect, Erased


class Turn(Struct, frozen=True, gc=False):
    """One completion, the calls that it asked for, and what they returned."""

    step: int
    completion: events.CompletionReceived | Erased
    calls: tuple[events.ToolCalled | Erased, ...] = ()
    """In the model's order."""
    returns: tuple[events.ToolReturned | Erased | None, ...] = ()
    """One slot for each call; None until it returned."""

    @property
    def unreturned(self) -> tuple[events.ToolCalled | Erased, ...]:
        """The calls whose slots are empty."""
        return tuple(
            call for call, back in zip(self.calls, self.returns, strict=True) if back is None
        )


def may_have_acted(turn: Turn | None) -> bool:
    """Whether a call that must not run twice may have run already."""
    return turn is not None and any(
        isinstance(call, events.ToolCalled) and call.effect is Effect.AT_MOST_ONCE
        for call in turn.unreturned
    )


def asked_for_nothing(turn: Turn | None) -> bool:
    """Whether the session went on although *turn* made no call: it could not be read."""
    return (
        turn is not None
        and not turn.calls
        and isinstance(turn.completion, events.CompletionReceived)
        and turn.completion.stop_reason != "pause"
    )


def slot_of(turn: Turn, call_id: str) -> int:
    """Where the return of *call_id* belongs; below 0 where it belongs nowhere."""
    for slot, call in enumerate(turn.calls):
        if isinstance(call, events.ToolCalled) and call.call_id == call_id:
            return slot
    return open_slot(turn) if any(type(call) is Erased for call in turn.calls) else -1


def open_slot(turn: Turn) -> int:
    """The first slot that is empty; below 0 where none is."""
    return turn.returns.index(None) if None in turn.returns else -1


def filled(turn: Turn, slot: int, back: events.ToolReturned | Erased) -> Turn:
    """*turn* with *back* in its slot, if there is such a one."""
    if slot < 0:
        return turn
    returns = (*turn.returns[:slot], back, *turn.returns[slot + 1 :])
    return Turn(turn.step, turn.completion, turn.calls, returns)
