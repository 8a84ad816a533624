"""Several callers' appends as one call of the database's `append`, and its answer for each."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from asyncpg import Record

from eventlog.database import Conn
from eventlog.members import Appended, Member, Part
from eventlog.statements import statement
from schema.envelope import AT_HEAD
from schema.errors import AgentRuntimeError, Fenced, Invalid, WrongExpectedVersion

BATCH_EVENTS_MAX: Final = 256
BATCH_BYTES_MAX: Final = 4 << 20
"""Characters of data in a batch; one larger member goes alone."""

APPEND: Final = statement(__package__, "append")
FIND_BY_ID: Final = statement(__package__, "find_by_id")
FIND_BY_VERSION: Final = statement(__package__, "find_by_version")

_SALT_BYTES: Final = 16


class Batch:
    """Members that share a commit; no two of them touch the same stream."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._events = 0
        self._size_bytes = 0
        self._streams: set[str] = set()

    def takes(self, member: Member) -> bool:
        """Take *member* in, if there is room and nobody here writes to a stream of its."""
        if self.members and not self._has_room(member):
            return False
        self.members.append(member)
        self._events += member.events
        self._size_bytes += member.size_bytes
        self._streams.update(part.stream for part in member.parts)
        return True

    def _has_room(self, member: Member) -> bool:
        return (
            self._events + member.events <= BATCH_EVENTS_MAX
            and self._size_bytes + member.size_bytes <= BATCH_BYTES_MAX
            and self._streams.isdisjoint(part.stream for part in member.parts)
        )


async def append(conn: Conn, partition: int, members: Sequence[Member]) -> bool:
    """Append *members* in one commit and settle each; tells whether anything was appended.

    Raises what the database raises for the call as a whole; nobody is settled then.
    """
    answer = await conn.fetchrow(APPEND, partition, *_columns(members))
    assert answer is not None  # noqa: S101 - a function with out parameters gives one row.
    refused = 0
    for member, parts in _numbered(members):
        if answer["starts"][parts[0][0]] is not None:
            member.settle(tuple(_appended(n, part, answer) for n, part in parts))
        else:
            refused += 1
            member.settle(await _refusal(conn, partition, parts, answer))
    return refused < len(members)


def _columns(members: Sequence[Member]) -> tuple[Any, ...]:
    """What the routine takes: one column after another, of the parts and then of the events."""
    of_member, agents, streams, metadata, expected, epochs, counts = zip(
        *(
            (
                place,
                member.agent_id,
                part.stream,
                member.metadata,
                part.expected,
                "null" if part.epoch is None else part.epoch,
                len(part.events),
            )
            for place, member in enumerate(members, 1)
            for part in member.parts
        ),
        strict=True,
    )
    parts = (part for member in members for part in member.parts)
    of_part, ids, types, schema_versions, data = zip(
        *((n, *event) for n, part in enumerate(parts, 1) for event in part.events), strict=True
    )
    starts = accumulate(counts[:-1], initial=0)
    numbers = [_numbers(column) for column in (expected, epochs, counts, starts)]
    salts = os.urandom(_SALT_BYTES * len(ids))
    per_part = (_numbers(of_member), agents, streams, metadata, *numbers)
    return *per_part, _numbers(of_part), ids, types, _numbers(schema_versions), data, salts


def _numbers(column: Iterable[int | str]) -> str:
    """*column* as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, column))}}}"


Numbered = list[tuple[int, Part]]
"""The parts of one member, each with its place in the answer's arrays."""


def _numbered(members: Sequence[Member]) -> Iterator[tuple[Member, Numbered]]:
    place = 0
    for member in members:
        yield member, list(enumerate(member.parts, place))
        place += len(member.parts)


def _appended(n: int, part: Part, answer: Record) -> Appended:
    position, recorded_at, heads, _, starts = answer
    count = len(part.events)
    return Appended(
        part.stream, heads[n] + count, position + starts[n] + count, recorded_at, replayed=False
    )


async def _refusal(
    conn: Conn, partition: int, parts: Numbered, answer: Record
) -> tuple[Appended, ...] | AgentRuntimeError:
    """Why a member was refused: it is a repeat, was fenced off, or its streams moved on."""
    repeated = [await _repeated(conn, partition, part) for _, part in parts]
    if None not in repeated:
        return tuple(part for part in repeated if part is not None)
    heads, epochs = answer["heads"], answer["epochs"]
    for n, part in parts:
        if part.epoch is not None and part.epoch < epochs[n]:
            return Fenced(part.stream, part.epoch, epochs[n])
    for n, part in parts:
        if part.expected not in (AT_HEAD, heads[n]):
            return WrongExpectedVersion(part.stream, part.expected, heads[n])
    return Invalid("ids", "one of these event ids names another event already: make new ones")


async def _repeated(conn: Conn, partition: int, part: Part) -> Appended | None:
    """Where this very part stands in the log already, if it does."""
    ids = [event[0] for event in part.events]
    if part.expected == AT_HEAD:
        rows = await conn.fetch(FIND_BY_ID, partition, ids)
    else:
        rows = await conn.fetch(FIND_BY_VERSION, partition, part.stream, part.expected, len(ids))
    if [row["event_id"] for row in rows] != ids:
        return None
    last = rows[-1]
    return Appended(
        part.stream, last["version"], last["position"], last["recorded_at"], replayed=True
    )
