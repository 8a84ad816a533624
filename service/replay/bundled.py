"""A session out of a bundle: replayed and verified with no database at hand."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from schema.envelope import RecordedEvent
from schema.errors import Invalid, NotFound, UnknownEvent
from schema.events import SessionForked
from schema.ids import session_stream
from service.lineage import GENERATIONS_MAX
from service.replay.bundle import Bundle, Contained, Line
from service.replay.past import Past, unreadable_at
from service.replay.report import Report

PREFIX: Final = "session-"


def sessions_of(bundle: Bundle) -> list[Contained]:
    """The sessions in *bundle*, the oldest first."""
    return sorted(
        (one for one in bundle.manifest.streams if one.stream.startswith(PREFIX)),
        key=lambda one: one.stream,
    )


def found_session(bundle: Bundle, name: str) -> UUID:
    """The session that *name* means: its id, a part at either end of it, or `last`."""
    ids = [one.stream.removeprefix(PREFIX) for one in sessions_of(bundle)]
    part = name.lower().removeprefix(PREFIX)
    fits = (
        ids[-1:] if name == "last" else [i for i in ids if i.startswith(part) or i.endswith(part)]
    )
    if not fits:
        raise NotFound(f"the bundle holds no session {name!r}")
    if len(fits) > 1:
        raise Invalid(
            "session", f"{name!r} fits {len(fits)} sessions of the bundle: give more of it"
        )
    return UUID(fits[0])


def past_of(bundle: Bundle, session_id: UUID) -> Past | Report:
    """The session's past, as `read_past` has it of the log."""
    lines = _lineage(bundle, session_stream(session_id))
    if not lines:
        raise NotFound(f"the bundle holds no session {session_id}")
    changed = frozenset(line.version for line in lines if not line.is_true())
    head = max(one.head for one in bundle.manifest.streams if one.stream == lines[-1].stream)
    facts: list[RecordedEvent] = []
    for line in lines:
        try:
            facts.append(line.fact())
        except UnknownEvent:
            if not changed:
                raise
            return unreadable_at(facts[: min(changed) - 1], min(changed))
    return Past(facts, changed, head)


def _lineage(bundle: Bundle, stream: str) -> list[Line]:
    """The lines of *stream*, behind those of what it was forked from."""
    lines = _lines(bundle, stream)
    for _ in range(GENERATIONS_MAX):
        if not lines or lines[0].version == 1:
            break
        first = lines[0].fact().event
        if not isinstance(first, SessionForked):
            break  # Verifying will tell that something is missing before it.
        shared = _lines(bundle, session_stream(UUID(first.parent)))
        lines = [line for line in shared if line.version <= first.at] + lines
    return lines


def _lines(bundle: Bundle, stream: str) -> list[Line]:
    found: Iterable[Line] = (line for line in bundle.lines() if line.stream == stream)
    return sorted(found, key=lambda line: line.version)
