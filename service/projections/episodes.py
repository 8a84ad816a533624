"""The read model `episodes`: what was recorded, whether it is pinned, and until when it stayed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.envelope import RecordedEvent
from schema.row_text import projected, projected_json, projected_key
from service.projections.opened import Opened, Words, in_utc
from service.projections.setwise import Row, execute_for, fetch_for, place

OPEN: Final = statement(__package__, "open_episodes")
PIN: Final = statement(__package__, "pin_episodes")
CLOSE: Final = statement(__package__, "close_episodes")


def recorded_episodes(batch: Sequence[RecordedEvent]) -> list[Opened]:
    """The episodes that *batch* records."""
    return [
        Opened(recorded, event, projected(event.content)[0])
        for recorded in batch
        if isinstance(event := recorded.event, events.EpisodeRecorded)
    ]


async def open_episodes(conn: Conn, opened: Iterable[Opened], words: Words) -> None:
    """A row for each."""
    await execute_for(conn, OPEN, (_row(episode, words) for episode in opened))


async def change_episodes(conn: Conn, batch: Sequence[RecordedEvent]) -> list[Any]:
    """Pin, evict and forget as *batch* says; what has gone, with its entry and its words."""
    changes = list(_changes(batch))
    pins = (row for row in changes if row[-1] is not None)
    ends = (row[:-1] for row in changes if row[-1] is None)
    await execute_for(conn, PIN, pins)
    return await fetch_for(conn, CLOSE, ends)


def named(text: str) -> UUID | None:
    """The id that *text* is; None where it is none, and so names nothing."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _row(opened: Opened, words: Words) -> Row:
    event, (_, stream, entry) = opened.event, opened.place
    assert isinstance(event, events.EpisodeRecorded)  # noqa: S101 - only such are given.
    session, session_altered = projected_key(event.session) if event.session else (None, False)
    tags, tags_altered = projected_json(event.tags)
    altered = projected(event.content)[1] or session_altered or tags_altered
    return (
        *(*opened.place, opened.recorded.event_id, event.importance),
        *(in_utc(event.timestamp), in_utc(event.expires_at)),
        *(words[stream, entry], event.pinned, altered),
        *(session, event.call_id and projected(event.call_id)[0], tags, opened.text),
    )


def _changes(batch: Sequence[RecordedEvent]) -> Iterator[Row]:
    """Pins, and ends with None in the place of the pin; left out is what names nothing by then.

    Only the rows know what there was before the batch; what it records itself is known here.
    """
    absent = {
        (recorded.stream, recorded.event_id)
        for recorded in batch
        if isinstance(recorded.event, events.EpisodeRecorded)
    }
    for recorded in batch:
        match recorded.event:
            case events.EpisodeRecorded():
                absent.discard((recorded.stream, recorded.event_id))
            case (
                events.EpisodePinned(id=text)
                | events.EpisodeEvicted(id=text)
                | events.EpisodeForgotten(id=text)
            ) as event:
                id_ = named(text)
                if id_ is None or (recorded.stream, id_) in absent:
                    continue
                pinned = event.pinned if isinstance(event, events.EpisodePinned) else None
                if pinned is None:
                    absent.add((recorded.stream, id_))
                yield *place(recorded), id_, pinned
