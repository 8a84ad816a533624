"""Pipelines: named stages from text to text, in order, such as a guard before a prompt is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final

from schema.errors import (
    DeadlinePassed,
    Invalid,
    Refused,
    StageFailed,
    StageRefused,
    StageUnavailable,
    Unavailable,
)

TIMEOUT_S: Final = 10.0
NAME_CHARS_MAX: Final = 64

StageFn = Callable[[str], str | Awaitable[str]]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a pipeline."""

    name: str
    run: StageFn
    in_thread: bool = False
    """A plain function that takes its time: it runs off the event loop. One that is cancelled or
    takes too long ends by itself, unheard."""
    timeout_s: float = TIMEOUT_S
    """For what is awaited or runs in a thread; a plain function on the loop can't be stopped."""

    def __post_init__(self) -> None:
        """Refuse a name that nobody could read, and a time that never ends."""
        if not (0 < len(self.name) <= NAME_CHARS_MAX and self.name.isprintable()):
            raise Invalid("name", f"a stage needs 1 to {NAME_CHARS_MAX} printable characters")
        if not 0 < self.timeout_s < float("inf"):
            raise Invalid("timeout_s", f"{self.timeout_s} is not a number of seconds above 0")


class Pipeline:
    """Stages that a text passes one after the other; without any it stays as it is.

    The first error ends it. It comes out naming its stage, as `StageRefused`, `StageUnavailable` or
    `StageFailed`, by whose fault it is, with what the stage raised as its cause.
    """

    def __init__(self, stages: Iterable[Stage] = ()) -> None:
        self.stages = tuple(stages)
        if twice := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise Invalid("stages", f"{twice[0]!r} is there twice: give each stage its own name")

    @property
    def names(self) -> tuple[str, ...]:
        """The stages' names, in order."""
        return tuple(stage.name for stage in self.stages)

    async def run(self, text: str) -> str:
        """What the stages make of *text*."""
        for stage in self.stages:
            text = await _passed(stage, text)
        return text


async def _passed(stage: Stage, text: str) -> str:
    try:
        result = asyncio.to_thread(stage.run, text) if stage.in_thread else stage.run(text)
        passed = await _awaited(result, stage.timeout_s) if isawaitable(result) else result
    except Refused as error:
        raise StageRefused(stage.name, str(error)) from error
    except Unavailable as error:
        raise StageUnavailable(stage.name, str(error), error.retry_after_s) from error
    except (TimeoutError, ConnectionError) as error:
        raise StageUnavailable(stage.name, type(error).__name__) from error
    except Exception as error:
        raise StageFailed(stage.name, type(error).__name__) from error
    if not isinstance(passed, str):
        raise StageFailed(stage.name, f"returned {type(passed).__name__}, not text")
    return passed


async def _awaited(result: Awaitable[object], timeout_s: float) -> object:
    """What comes of *result*; annotations are promises, and a stage is other people's code."""
    try:
        async with asyncio.timeout(timeout_s) as limit:
            awaited = await result
            return await awaited if isawaitable(awaited) else awaited
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise DeadlinePassed(f"took more than {timeout_s:g} s") from error
