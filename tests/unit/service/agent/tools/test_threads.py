import asyncio
import threading

import pytest

from service.agent.tools import ToolError
from service.agent.tools.threads import Threads


async def test_a_function_runs_off_the_event_loop_and_returns():
    assert await Threads(1).run(threading.current_thread) is not threading.current_thread()


async def test_what_a_function_raises_is_raised_to_its_caller():
    with pytest.raises(ZeroDivisionError):
        await Threads(1).run(lambda: 1 / 0)


async def test_no_more_run_at_once_than_there_are_places():
    threads, running, most, gate = Threads(2), [], [], threading.Semaphore(0)

    def work() -> None:
        running.append(1)
        most.append(len(running))
        gate.acquire()
        running.pop()

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(threads.run(work))
        for _ in range(6):
            gate.release()
    assert max(most) <= 2
    assert len(most) == 6


async def test_an_abandoned_thread_is_counted_until_it_ends():
    threads, gate = Threads(1), threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await threads.run(gate.wait)
    assert threads.abandoned == 1
    with pytest.raises(ToolError, match="stuck") as raised:
        await threads.run(int)
    assert raised.value.kind == "transient"
    gate.set()
    async with asyncio.timeout(5), threads._places:
        assert threads.abandoned == 0
    assert await threads.run(int) == 0


async def test_waiting_for_a_place_may_be_given_up():
    threads, started, gate = Threads(1), threading.Event(), threading.Event()

    def work() -> bool:
        started.set()
        return gate.wait(5)

    async with asyncio.TaskGroup() as group:
        busy = group.create_task(threads.run(work))
        await asyncio.to_thread(started.wait, 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await threads.run(int)
        gate.set()
        assert await busy
    assert threads.abandoned == 0
