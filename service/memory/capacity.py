"""What an agent holds: its live episodes and facts, and who must go when there are too many."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from schema import events
from schema.envelope import RecordedEvent
from schema.errors import Broken, Invalid
from schema.events import EpisodeEvicted, Event, MemoryPolicy
from service.memory import working
from service.memory.decay import age_hours, decayed
from service.memory.order import Held, Order
from service.memory.working import Working

__all__ = ["LEAVING_MAX", "Held", "Holdings", "evolve", "see_dimensions", "victims"]

LEAVING_MAX: Final = 500
"""An append holds 1000 events; where a capacity was lowered by more, several writes get there."""


class Holdings(Struct, kw_only=True):
    """An agent's memory after the first *version* events of its stream; `evolve` changes it."""

    version: int = 0
    touched: int = 0
    """The version that changed last what is held here: a count or a vector changes nothing."""
    episodes: dict[str, Held] = {}
    """The live ones by their ids; what was evicted or forgotten is not among them."""
    facts: dict[str, str] = {}
    """The id of each key's live fact."""
    dimensions: int | None = None
    """Of the vectors that callers give: the first one fixed it."""
    working: Working = Working()
    """Working memory, where the agent's sessions share it."""
    erased: int = 0
    """The version of the last erasure, if one was folded here: earlier events that were folded
    before may be gone now, so only holdings that are built anew, from there on, are right."""
    order: Order | None = None
    """Who must go first, from the day that somebody asked."""


def evolve(holdings: Holdings, recorded: RecordedEvent) -> Holdings:
    """*holdings* itself, changed by *recorded*, the next event of its stream.

    An event that was folded already changes nothing; `Broken` where one was left out.
    """
    if recorded.version <= holdings.version:
        return holdings
    if recorded.version > holdings.version + 1:
        raise Broken(f"version {recorded.version} cannot follow on {holdings.version}")
    holdings.version = recorded.version
    change = _CHANGES.get(type(recorded.event))
    if change is not None:
        holdings.touched = recorded.version
        change(holdings, recorded, recorded.event)
    return holdings


def see_dimensions(given: int, fixed: int | None) -> None:
    """`Invalid` where a vector of *given* numbers is no match for those that are there."""
    if fixed is not None and given != fixed:
        raise Invalid("embedding", f"has {given} numbers, this agent's vectors have {fixed}")


def victims(
    holdings: Holdings, policy: MemoryPolicy, new: Sequence[Held], at: datetime
) -> tuple[EpisodeEvicted, ...]:
    """Who must go so that *new* ones fit, in the order in which they go.

    What has expired goes first, then what the policy says. The last of *new* is never among them,
    an earlier one may be. `Invalid` where too few may go, since all others are pinned.
    """
    if policy.capacity is None:
        return ()
    excess = min(len(holdings.episodes) + len(new) - policy.capacity, LEAVING_MAX)
    if excess <= 0 or not new:
        return ()
    leaving = _first(excess, holdings, policy, new, at)
    if len(leaving) < excess:
        raise Invalid(
            "capacity",
            f"{policy.capacity} episodes fit, and too few of those that are there may go: "
            "unpin or forget some, or raise the capacity",
        )
    return tuple(_evicted(held, policy, at) for held in leaving)


def _first(
    count: int, holdings: Holdings, policy: MemoryPolicy, new: Sequence[Held], at: datetime
) -> list[Held]:
    if holdings.order is None or not holdings.order.follows(policy):
        holdings.order = Order(policy, holdings.episodes.values())
    earlier = {held.id: held for held in new[:-1]}
    for held in earlier.values():
        holdings.order.add(held)
    try:
        ids = list(islice(holdings.order.ids(at), count))
    finally:
        for held in earlier.values():
            holdings.order.remove(held)
    return [earlier.get(id_) or holdings.episodes[id_] for id_ in ids]


def _evicted(held: Held, policy: MemoryPolicy, at: datetime) -> EpisodeEvicted:
    age = age_hours(held.timestamp, at)
    importance = decayed(held.importance, age, policy.half_life_hours)
    return EpisodeEvicted(id=held.id, importance=importance, at=at)


def _episode_recorded(
    holdings: Holdings, recorded: RecordedEvent, event: events.EpisodeRecorded
) -> None:
    held = Held(
        id=str(recorded.event_id),
        entry=recorded.version,
        importance=event.importance,
        timestamp=event.timestamp,
        pinned=event.pinned,
        expires_at=event.expires_at,
    )
    holdings.episodes[held.id] = held
    if holdings.order is not None:
        holdings.order.add(held)
    _fix_dimensions(holdings, event.embedding)


def _episode_left(
    holdings: Holdings,
    _recorded: RecordedEvent,
    event: events.EpisodeEvicted | events.EpisodeForgotten,
) -> None:
    held = holdings.episodes.pop(event.id, None)
    if held is not None and holdings.order is not None:
        holdings.order.remove(held)


def _episode_pinned(
    holdings: Holdings, _recorded: RecordedEvent, event: events.EpisodePinned
) -> None:
    held = holdings.episodes.get(event.id)
    if held is None:
        return
    changed = replace(held, pinned=event.pinned)
    holdings.episodes[held.id] = changed
    if holdings.order is not None:
        holdings.order.remove(held)
        holdings.order.add(changed)


def _fact_stored(holdings: Holdings, recorded: RecordedEvent, event: events.FactStored) -> None:
    holdings.facts[event.key] = str(recorded.event_id)
    _fix_dimensions(holdings, event.embedding)


def _fact_removed(holdings: Holdings, _recorded: RecordedEvent, event: events.FactRemoved) -> None:
    holdings.facts.pop(event.key, None)


def _fix_dimensions(holdings: Holdings, embedding: tuple[float, ...]) -> None:
    if holdings.dimensions is None and embedding:
        holdings.dimensions = len(embedding)


def _worked(holdings: Holdings, _recorded: RecordedEvent, event: Event) -> None:
    holdings.working = working.evolve(holdings.working, event)


def _erased(holdings: Holdings, recorded: RecordedEvent, _event: events.EventsErased) -> None:
    holdings.erased = recorded.version


_CHANGES: Final[dict[type[Event], Callable[[Holdings, RecordedEvent, Any], None]]] = {
    events.EpisodeRecorded: _episode_recorded,
    events.EpisodeEvicted: _episode_left,
    events.EpisodeForgotten: _episode_left,
    events.EpisodePinned: _episode_pinned,
    events.FactStored: _fact_stored,
    events.FactRemoved: _fact_removed,
    events.WorkingSet: _worked,
    events.WorkingRead: _worked,
    events.WorkingRemoved: _worked,
    events.WorkingEvicted: _worked,
    events.EventsErased: _erased,
}
