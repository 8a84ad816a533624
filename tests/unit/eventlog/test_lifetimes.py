import asyncio

import pytest

from eventlog.lifetimes import beside


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise KeyError("work")


async def test_the_work_is_stopped_at_the_bodys_end():
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            stopped.set()

    async with beside(work()):
        await asyncio.sleep(0)
    assert stopped.is_set()


async def test_a_fault_of_the_work_ends_the_body_and_is_raised_as_it_is():
    with pytest.raises(KeyError, match="work"):
        async with beside(failing()):
            await forever()


async def test_a_fault_of_the_body_is_raised_as_it_is():
    with pytest.raises(ValueError, match="body"):
        async with beside(forever()):
            raise ValueError("body")


async def test_cancelling_the_body_stops_both():
    async def body() -> None:
        async with beside(forever()):
            await forever()

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
