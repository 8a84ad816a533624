"""A decision is made upon what is there, and made anew where that has changed."""

from typing import Any, cast

import pytest
from msgspec import Struct

from eventlog.log import EventLog
from schema.errors import Unavailable, WrongExpectedVersion
from service.graph.coordinates import GRAPH
from service.mind import writing
from service.mind.lanes import Lanes
from service.mind.writing import Author, Decided, Writer

ANA = Author(actor="test")


class Now(Struct):
    """A part of a mind, changed by others all the time."""

    version: int
    touched: int


class Refusing:
    """A log that somebody else has always just appended to."""

    def partition_of(self, _stream: str) -> int:
        return 0

    async def append(self, *_: Any, **__: Any) -> Any:
        raise WrongExpectedVersion("graph-a", expected=0, actual=1)


async def test_what_is_there_is_looked_at_once_for_each_decision(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "REBASES_MAX", 3)
    log = cast(EventLog, Refusing())
    writer = Writer(log, GRAPH, Lanes(), lambda _: None)
    looked: list[Now] = []
    decided: list[Now] = []

    async def held() -> Now:
        looked.append(Now(version=len(looked), touched=len(looked)))
        return looked[-1]

    async def decide(now: Now) -> Decided:
        decided.append(now)
        return Decided((cast(Any, object()),), now.version)

    with pytest.raises(Unavailable, match="others change the graph of a"):
        await writer.decide("a", held, decide, ANA)

    assert decided == looked[:-1]
    assert len(decided) == 4
