"""The states that a session went through."""

from collections.abc import Iterable, Iterator, Sequence

from schema.envelope import RecordedEvent
from schema.errors import NotFound
from schema.events import CheckpointLabelled
from service.agent.session import SessionState, evolve


def states(recorded: Iterable[RecordedEvent]) -> Iterator[SessionState]:
    """The state after each event; keeping them all costs little, they share what they can."""
    state = SessionState()
    for fact in recorded:
        state = evolve(state, fact.event)
        yield state


def state_at(recorded: Sequence[RecordedEvent], at: int | str | None = None) -> SessionState:
    """The state at a version, at a label, or now; `NotFound` where there is no such place."""
    version = version_at(recorded, at)
    state = SessionState()
    for fact in recorded:
        if fact.version > version:
            break
        state = evolve(state, fact.event)
    return state


def version_at(recorded: Sequence[RecordedEvent], at: int | str | None) -> int:
    """The version that *at* names: itself, what a label stands for, or the newest."""
    last = recorded[-1].version if recorded else 0
    version = _labelled(recorded, at) if isinstance(at, str) else last if at is None else at
    if not 0 <= version <= last:
        raise NotFound(f"the session has no version {version}, its last one is {last}")
    return version


def _labelled(recorded: Sequence[RecordedEvent], label: str) -> int:
    """A label may be given again: the newest counts."""
    for fact in reversed(recorded):
        if isinstance(fact.event, CheckpointLabelled) and fact.event.label == label:
            return fact.event.at
    raise NotFound(f"the session has no label {label!r}")
