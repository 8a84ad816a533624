"""A turn of a session: what the model said, what it asked for, and what came back."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

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

    @property
    def unsaid(self) -> tuple[events.ToolCalled | Erased, ...]:
        """The calls of which no return says anything: it is not there, or was erased."""
        return tuple(
            call
            for call, back in zip(self.calls, self.returns, strict=True)
            if not isinstance(back, events.ToolReturned)
        )


def once_only(turn: Turn | None) -> Iterator[events.ToolCalled]:
    """The calls that have not returned and must not run twice."""
    for call in () if turn is None else turn.unreturned:
        if isinstance(call, events.ToolCalled) and call.effect is Effect.AT_MOST_ONCE:
            yield call


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


def altered(turn: Turn, slot: int, arguments: dict[str, Any] | None) -> Turn:
    """*turn* with other arguments for the call in that slot, unless they are None."""
    call = turn.calls[slot]
    if arguments is None or isinstance(call, Erased):
        return turn
    call = replace(call, arguments=arguments)
    calls = (*turn.calls[:slot], call, *turn.calls[slot + 1 :])
    return Turn(turn.step, turn.completion, calls, turn.returns)


def filled(turn: Turn, slot: int, back: events.ToolReturned | Erased) -> Turn:
    """*turn* with *back* in its slot, if there is such a one."""
    if slot < 0:
        return turn
    returns = (*turn.returns[:slot], back, *turn.returns[slot + 1 :])
    return Turn(turn.step, turn.completion, turn.calls, returns)
