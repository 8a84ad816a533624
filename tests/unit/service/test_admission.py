"""Who gets in."""

import asyncio
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from schema.errors import Invalid, Shed
from service.admission import Admission
from service.metrics import Metrics


def admission(sessions_max: int = 10, soft_limit: int | None = None) -> Admission:
    return Admission(Metrics(), sessions_max=sessions_max, soft_limit=soft_limit)


def test_a_place_is_had_until_it_is_closed_and_what_finds_none_is_counted():
    metrics = Metrics()
    room = Admission(metrics, sessions_max=1, soft_limit=None)

    with room.place():
        assert room.free == 0
        with pytest.raises(Shed, match="1 sessions are under way, and 1 fit"):
            room.place()

    assert room.free == 1
    assert b"agent_runtime_backpressure_shed_total 1.0" in metrics.exposition()


def test_it_warns_once_when_nine_tenths_are_taken():
    room = admission(10)

    with capture_logs() as logs:
        places = [room.place() for _ in range(10)]

    for place in places:
        place.close()
    assert [(told["event"], told["depth"]) for told in logs] == [("sessions.pressure", 9)]


def test_a_soft_limit_above_the_room_is_refused():
    with pytest.raises(Invalid, match="soft_limit"):
        admission(10, soft_limit=10)


async def test_who_asks_for_the_same_meanwhile_or_soon_gets_what_the_first_one_gets():
    room, begun, go = admission(), 0, asyncio.Event()

    async def begin() -> UUID:
        nonlocal begun
        begun += 1
        await go.wait()
        return UUID(int=7)

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(room.once(UUID(int=1), begin)) for _ in range(3)]
        other = group.create_task(room.once(None, begin))
        await asyncio.sleep(0)
        go.set()
    assert {task.result() for task in (*asking, other)} == {UUID(int=7)}
    await room.once(UUID(int=1), begin)
    assert begun == 2
