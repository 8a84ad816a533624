"""The tools that a session may use, and how a call of one becomes an observation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from traceback import format_exception_only
from typing import Any, Final

from schema.errors import (
    BreakerOpen,
    Broken,
    DeadlinePassed,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
)
from schema.events import Limits, ToolSpec
from service.agent.tools.arguments import read_arguments
from service.agent.tools.context import ToolContext
from service.agent.tools.nearest import no_such
from service.agent.tools.observation import Observed, ToolError, json_of, observe
from service.agent.tools.threads import Threads
from service.agent.tools.tool import Tool
from service.graph.mind import GraphCall
from service.memory.mind import Change, Mind

THREADS_MAX: Final = 16
"""How many sync tools run at once in a process."""

RunFn = Callable[[], Awaitable[Any]]
GuardFn = Callable[[Tool, Mapping[str, Any], RunFn], Awaitable[Any]]
"""Runs a tool with these arguments, perhaps more than once; raises what that raises, or
`BreakerOpen` or `DeadlinePassed` of its own."""


async def _unguarded(_tool: Tool, _given: Mapping[str, Any], run: RunFn) -> Any:
    return await run()


class ToolRegistry:
    """Tools by name; one per process, and by `only` one per session, sharing its threads."""

    def __init__(self, tools: Iterable[Tool], *, threads: Threads | None = None) -> None:
        """`Invalid` where two tools have one name."""
        self._tools: dict[str, Tool] = {}
        self.threads = threads or Threads(THREADS_MAX)
        for tool in tools:
            if tool.spec.name in self._tools:
                raise Invalid("tools", f"two tools are named {tool.spec.name!r}")
            self._tools[tool.spec.name] = tool

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def specs(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """What a session pins of the tools *names*; `NotFound` tells of an unknown one."""
        return tuple(self._known(name).spec for name in names)

    def only(self, names: Iterable[str]) -> "ToolRegistry":
        """The tools *names* and no others, so that a model can't reach what it wasn't given."""
        return ToolRegistry(map(self._known, dict.fromkeys(names)), threads=self.threads)

    async def call(
        self,
        name: str,
        arguments: object,
        context: ToolContext,
        *,
        observation_bytes_max: int = Limits().observation_bytes_max,
        guard: GuardFn = _unguarded,
    ) -> Observed:
        """What came of calling *name*; what the model or the tool did wrong is an observation too.

        Raises only `Broken` (a fault of ours that a tool came upon), cancellation, and what *guard*
        raises besides. That is never asked for a call that no tool takes.
        """
        started = time.perf_counter()
        outcome: str | ToolError
        try:
            outcome = json_of(await self._run(name, arguments, context, context.timeout_s, guard))
        except ToolError as error:
            outcome = error
        except (BreakerOpen, DeadlinePassed) as error:
            outcome = ToolError("transient", str(error))
        latency_ms = (time.perf_counter() - started) * 1000
        return observe(outcome, bytes_max=observation_bytes_max, latency_ms=latency_ms)

    async def change(
        self,
        name: str,
        arguments: object,
        mind: Mind | GraphCall,
        *,
        timeout_s: float,
        observation_bytes_max: int,
    ) -> tuple[Observed, Change | None]:
        """As `call`, of a transactional tool: what it told, and what it makes of *mind*, if it can.

        Nothing has changed yet: what was told is true once the change is in the log.
        """
        started = time.perf_counter()
        change: Change | None = None
        outcome: str | ToolError
        try:
            made = await self._run(name, arguments, mind, timeout_s, _unguarded)
            outcome, change = json_of(made.data), made
        except ToolError as error:
            outcome = error
        latency_ms = (time.perf_counter() - started) * 1000
        observed = observe(outcome, bytes_max=observation_bytes_max, latency_ms=latency_ms)
        return observed, change

    def receives(self, name: str) -> type | None:
        """What the tool *name* is given besides its arguments; None where there is no such tool."""
        return self._tools[name].signature.receives if name in self._tools else None

    def _known(self, name: str) -> Tool:
        if name not in self._tools:
            raise NotFound(no_such("tool", name, self._tools))
        return self._tools[name]

    def _asked_for(self, name: str) -> Tool:
        if name not in self._tools:
            there_are = ", ".join(self._tools) or "none"
            sentence = f"{no_such('tool', name, self._tools)}; there are: {there_are}"
            raise ToolError("not_found", sentence)
        return self._tools[name]

    async def _run(
        self,
        name: str,
        arguments: object,
        context: ToolContext | Mind | GraphCall,
        limit_s: float,
        guard: GuardFn,
    ) -> Any:
        tool = self._asked_for(name)
        given = read_arguments(tool.signature, arguments)
        if tool.signature.context is not None:
            given[tool.signature.context] = context
        timeout_s = min(tool.timeout_s or limit_s, limit_s)
        return await guard(tool, given, partial(self._once, tool, given, timeout_s))

    async def _once(self, tool: Tool, given: Mapping[str, Any], timeout_s: float) -> Any:
        deadline = asyncio.timeout(timeout_s)
        try:
            async with deadline:
                if tool.is_async:
                    return await tool.function(**given)
                return await self.threads.run(partial(tool.function, **given))
        except (ToolError, Broken):
            raise
        except (TimeoutError, ConnectionError, Unavailable) as error:
            late = f"{tool.spec.name} did not return within {timeout_s:g} s"
            raise ToolError("transient", late if deadline.expired() else _words(error)) from error
        # The one place where any exception is caught: a tool is somebody else's code, and what it
        # raises is news for the model, not a reason to end the session.
        except Exception as error:
            raise _fault(tool, error) from error


def _fault(tool: Tool, error: Exception) -> ToolError:
    """*error* as news for the model; what a mind refuses is said in our own words already."""
    if tool.signature.changes_mind and isinstance(error, Refused):
        return ToolError("not_found" if isinstance(error, NotFound) else "permanent", str(error))
    return ToolError("permanent", _words(error))


def _words(error: Exception) -> str:
    """Its class and message, and no traceback: what a model reads leaves the house."""
    return "".join(format_exception_only(error)).strip()
