"""Working memory: a few named values, of which the least recently used one goes first."""

from typing import Final

from msgspec import Struct

from schema import events
from schema.errors import NotFound
from schema.events import Event, WorkingEntry

BYTES_MAX: Final = 64 << 10
"""UTF-8 bytes of all keys and values together: they stand in every prompt, and in its event."""


class Working(Struct, frozen=True, gc=False):
    """What working memory holds; it never changes, a change is another one."""

    used: tuple[WorkingEntry, ...] = ()
    """In the order of use; the least recently used one first."""

    @property
    def entries(self) -> tuple[WorkingEntry, ...]:
        """In the order of keys: a prompt shows them in the same order, whichever was used last."""
        return tuple(sorted(self.used, key=lambda entry: entry.key))

    @property
    def least_recently_used(self) -> str | None:
        """The key that goes first; None where there is none."""
        return self.used[0].key if self.used else None

    def get(self, key: str) -> str | None:
        """What stands under *key*; None where nothing does. Looking here uses nothing."""
        return next((entry.value for entry in self.used if entry.key == key), None)


def evolve(working: Working, event: Event) -> Working:
    """*working* after *event*; one that names no entry, or is not about it, changes nothing."""
    match event:
        case events.WorkingSet(key=key, value=value):
            return Working((*_without(working, key), WorkingEntry(key=key, value=value)))
        case events.WorkingRead(key=key):
            found = tuple(entry for entry in working.used if entry.key == key)
            return Working((*_without(working, key), *found))
        case events.WorkingRemoved(key=key) | events.WorkingEvicted(key=key):
            return Working(_without(working, key))
        case _:
            return working


def note(working: Working, key: str, value: str, capacity: int) -> tuple[Event, ...]:
    """What happens when *value* is written under *key*: entries go until the rest fits.

    The entry just written is never among those that go.
    """
    written = events.WorkingSet(key=key, value=value)
    used = evolve(working, written).used
    size_bytes = sum(map(_size_bytes, used))
    gone = []
    for place, entry in enumerate(used[:-1]):
        if len(used) - place <= capacity and size_bytes <= BYTES_MAX:
            break
        size_bytes -= _size_bytes(entry)
        gone.append(events.WorkingEvicted(key=entry.key))
    return (written, *gone)


def read(working: Working, key: str) -> tuple[Event, ...]:
    """What happens when *key* is read; `NotFound` where nothing stands there."""
    _existing(working, key)
    return (events.WorkingRead(key=key),)


def remove(working: Working, key: str) -> tuple[Event, ...]:
    """What happens when *key* is removed; `NotFound` where nothing stands there."""
    _existing(working, key)
    return (events.WorkingRemoved(key=key),)


def _existing(working: Working, key: str) -> None:
    if working.get(key) is None:
        raise NotFound(f"working memory holds nothing under {key!r}")


def _without(working: Working, key: str) -> tuple[WorkingEntry, ...]:
    return tuple(entry for entry in working.used if entry.key != key)


def _size_bytes(entry: WorkingEntry) -> int:
    return len((entry.key + entry.value).encode(errors="surrogatepass"))
