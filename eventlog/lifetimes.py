"""Work that lives as long as a block of code, and takes it down when it dies."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run *work* beside the body and stop it at the body's end.

    A fault of *work* cancels the body and is raised in its place; a fault of the body is raised as
    it is, so that a caller can catch it by its class.
    """
    with ungrouped():
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(work)
            try:
                yield
            finally:
                task.cancel()


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise a fault that came alone out of a task group as itself, not as a group of one."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        fault = group.exceptions[0]
    else:
        return
    with ungrouped():
        raise fault from fault.__cause__
