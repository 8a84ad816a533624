"""One after the other upon one memory; nobody waits for another's."""

import asyncio

from service.mind.lanes import Lanes


async def test_who_comes_first_decides_first_and_nobody_in_between():
    lanes = Lanes()
    seen: list[str] = []

    async def decide(name: str) -> None:
        async with lanes.lane("a-1"):
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")

    await asyncio.gather(*(decide(str(n)) for n in range(3)))

    assert seen == [f"{n} {what}" for n in range(3) for what in ("begins", "ends")]


async def test_agents_do_not_wait_for_each_other():
    lanes = Lanes()
    async with lanes.lane("a-1"), lanes.lane("a-2"):
        assert len(lanes) == 2


async def test_a_lane_lasts_as_long_as_somebody_is_in_it():
    lanes = Lanes()
    for n in range(100):
        async with lanes.lane(f"a-{n}"):
            assert len(lanes) == 1
    assert len(lanes) == 0
