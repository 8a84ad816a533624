"""`/v1/events`: the whole log, behind a token."""

from typing import Any, Final

from eventlog.heads import heads_of
from eventlog.log import EventLog
from eventlog.tokens import from_token, to_token
from schema.envelope import RecordedEvent
from schema.messages.answers import LogAnswer
from schema.messages.http import ReadLog
from service.api.route import Call, Reply, Route
from service.api.shapes import event_message
from service.keys import Scope


async def show_log(call: Call) -> Reply:
    """Events behind a token, in the order of their partition; `token` is where to ask next.

    One partition comes after the other: each in its order, none before all that it rests on.
    """
    asked, log = call.asked(ReadLog), call.services.log
    async with log.database.acquire() as conn:
        heads = await heads_of(conn)
    positions = dict.fromkeys(heads, 0)
    if asked.after is not None:
        positions |= from_token(asked.after, epoch=log.epoch, heads=heads)
    data: list[dict[str, Any]] = []
    for partition in sorted(heads):
        for fact in await _block(log, partition, positions[partition], asked.limit - len(data)):
            positions[partition] = fact.position
            data.append(event_message(fact, to_token(log.epoch, positions)))
    token = to_token(log.epoch, positions)
    more = any(positions[partition] < heads[partition] for partition in heads)
    return Reply(body={"data": data, "next_cursor": token if more else None, "token": token})


async def _block(log: EventLog, partition: int, after: int, limit: int) -> list[RecordedEvent]:
    """The first block behind *after*, of at most *limit* events."""
    if limit > 0:
        async for block in log.read_all(partition, after=after, up_to=after + limit):
            return block
    return []


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/events",
        handler=show_log,
        scope=Scope.AUDIT_READ,
        summary="Read the whole log",
        group="log",
        query=ReadLog,
        answer=LogAnswer,
        of_all=True,
    ),
)
