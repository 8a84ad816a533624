"""`agent-runtime log`: every event, as it stands in the log and as it comes."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from eventlog.heads import heads_of
from eventlog.log import EventLog
from eventlog.subscribe import subscribe
from eventlog.tokens import from_token, to_token
from schema.envelope import RecordedEvent
from schema.errors import Invalid
from service.cli.console import print_clipped
from service.cli.exits import Exit
from service.cli.messages import event_message
from service.cli.output import print_json
from service.cli.telling import summary
from service.config import Settings
from service.sessions import SHORT
from service.store import open_store

LAST_MAX = 1_000_000


async def show_log(
    settings: Settings, *, follow: bool, last: int | None, after: str | None, as_json: bool
) -> Exit:
    """The events of all partitions, each partition in its order; following, for ever."""
    if last is not None and after is not None:
        raise Invalid("last", "is counted from the end: give it or --after, not both")
    async with open_store(settings) as log:
        heads = await _heads(log)
        positions = _beginning(log, heads, last=last, after=after)
        events = _live(log, positions) if follow else _recorded(log, positions, heads)
        async with aclosing(events) as facts:
            async for fact in facts:
                positions[fact.partition] = fact.position
                _tell(fact, to_token(log.epoch, positions) if as_json else None)
    return Exit.DONE


def _beginning(
    log: EventLog, heads: Mapping[int, int], *, last: int | None, after: str | None
) -> dict[int, int]:
    """The position in each partition behind which to begin."""
    if last is not None:
        return {partition: max(0, head - last) for partition, head in heads.items()}
    given = {} if after is None else from_token(after, epoch=log.epoch, heads=heads)
    return {partition: given.get(partition, 0) for partition in heads}


async def _heads(log: EventLog) -> dict[int, int]:
    async with log.database.acquire() as conn:
        return await heads_of(conn)


async def _recorded(
    log: EventLog, after: Mapping[int, int], heads: Mapping[int, int]
) -> AsyncGenerator[RecordedEvent, None]:
    for partition, head in heads.items():
        async with aclosing(log.read_all(partition, after=after[partition], up_to=head)) as blocks:
            async for block in blocks:
                for fact in block:
                    yield fact


async def _live(log: EventLog, after: Mapping[int, int]) -> AsyncGenerator[RecordedEvent, None]:
    async for block in subscribe(log.database, log.bell, after=after):
        for fact in block:
            yield fact


def _tell(fact: RecordedEvent, token: str | None) -> None:
    if token is not None:
        print_json(event_message(fact, token))
        return
    print_clipped(line_of(fact, f"{fact.partition}:{fact.position}"))


def line_of(fact: RecordedEvent, place: str) -> str:
    """Short in front, so that a narrow terminal still shows what happened."""
    kind, _, name = fact.stream.partition("-")
    stream = name[-SHORT:] if kind == "session" else fact.stream
    moment = fact.recorded_at.astimezone().strftime("%m-%d %H:%M:%S")
    gist = summary(fact.event)
    return f"{place:>5}  {moment}  {stream} v{fact.version}  {fact.type}  {gist}"
