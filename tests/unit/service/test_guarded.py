"""Calls to models and tools run as `breaker(retry(call))`, as far as they may run again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import stamina

from schema.errors import BreakerOpen, LeaseLost, ProviderUnavailable
from schema.events import Effect
from service.agent.tools import Observed, Tool, ToolContext, ToolRegistry, tool
from service.agent.tools.http_get import http_get_tool
from service.agent.tools.observation import ToolError
from service.guarded import ASKED_MAX, CALLED_MAX, RULES, Guards, breaker_name
from service.orchestrator.breaker import NAME_CHARS_MAX, LocalBreakers
from service.orchestrator.circuit import Rules, State
from service.orchestrator.retry import Retrying

CALL = ToolContext(
    idempotency_key=UUID(int=1), session_id=UUID(int=2), agent_id="a", call_id="1.0", timeout_s=5
)
AGAIN = [Effect.PURE, Effect.IDEMPOTENT]


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10):
        yield


class World:
    """A tool that fails as often as it is told to, and what stands around it."""

    def __init__(self, effect: Effect, *outcomes: Exception) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.now_s = 0.0
        self.breakers = LocalBreakers(clock=lambda: self.now_s)
        self.retried: list[tuple[str, str, Retrying]] = []
        self.guards = Guards(
            self.breakers,
            RULES,
            on_retry=lambda kind, name: lambda r: self.retried.append((kind, name, r)),
        )

        @tool(effect=effect)
        async def reach() -> str:
            """Reach something."""
            self.calls += 1
            if self.outcomes:
                raise self.outcomes.pop(0)
            return "reached"

        self.registry = ToolRegistry([reach])
        self.effect = effect

    async def call(self, context: ToolContext = CALL) -> Observed:
        async def guard(
            called: Tool, _given: Mapping[str, Any], run: Callable[[], Awaitable[Any]]
        ) -> Any:
            name = called.spec.name
            return await self.guards.use(name, run, effect=self.effect, at=None, timeout_s=5)

        return await self.registry.call("reach", {}, context, guard=guard)

    @property
    def failures(self) -> int:
        return self.breakers.known("tool:reach")[0].failures


@pytest.mark.parametrize("effect", AGAIN)
async def test_a_tool_that_may_run_again_does_where_that_may_help(effect: Effect):
    world = World(effect, ConnectionError("lost"), ToolError("transient", "busy"))

    assert (await world.call()).ok
    assert (world.calls, world.failures) == (3, 0)
    assert [(kind, name, r.attempt) for kind, name, r in world.retried] == [
        ("tool", "reach", 1),
        ("tool", "reach", 2),
    ]


async def test_a_tool_that_must_not_run_twice_runs_once_and_its_failures_are_counted():
    world = World(Effect.AT_MOST_ONCE, ConnectionError("lost"))

    observed = await world.call()

    assert (observed.ok, observed.kind, world.calls, world.failures) == (False, "transient", 1, 1)


@pytest.mark.parametrize(
    "error", [ToolError("permanent", "no"), ToolError("blocked", "no"), LookupError("its fault")]
)
async def test_what_calling_again_would_not_mend_is_left_alone_and_says_nothing_of_the_tool(
    error: Exception,
):
    world = World(Effect.PURE, error)

    assert not (await world.call()).ok
    assert (world.calls, world.failures) == (1, 0)


async def test_a_tool_that_took_all_its_time_is_not_called_again():
    world = World(Effect.PURE, TimeoutError())

    assert (await world.call()).kind == "transient"
    assert (world.calls, world.failures) == (1, 1)


async def test_a_tool_that_fails_all_the_time_is_left_alone_and_the_model_is_told():
    world = World(Effect.PURE, *[ConnectionError("lost")] * CALLED_MAX * RULES.threshold)
    for _ in range(RULES.threshold):
        await world.call()
    calls = world.calls

    observed = await world.call()

    assert world.calls == calls
    assert observed.kind == "transient"
    assert "tool:reach failed too often and is left alone" in observed.observation
    world.now_s += RULES.recovery_window_s
    assert (await world.call()).ok


async def test_a_call_that_no_tool_takes_never_comes_to_a_guard():
    world = World(Effect.PURE)

    assert (await world.registry.call("made_up", {}, CALL)).kind == "not_found"
    assert world.breakers.known("tool:made_up")[0].failures == 0


def test_each_host_has_a_breaker_of_its_own():
    reaches = http_get_tool().reaches
    assert reaches is not None

    assert reaches({"url": "https://example.org/a"}) == "example.org"
    assert reaches({"url": "http://[::bad"}) is None
    assert reaches({"url": "nonsense"}) is None


# ---- models ----------------------------------------------------------------------------------


class Models:
    """A model that fails as often as it is told to."""

    def __init__(self, *outcomes: Exception, rules: Rules = RULES) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.now_s = 0.0
        self.breakers = LocalBreakers(clock=lambda: self.now_s)
        self.guards = Guards(self.breakers, rules)

    async def ask(self, open_wait_s: float = 0) -> str:
        return await self.guards.ask("m:1", self._answer, timeout_s=5, open_wait_s=open_wait_s)

    async def _answer(self) -> str:
        self.calls += 1
        await asyncio.sleep(0)
        if self.outcomes:
            raise self.outcomes.pop(0)
        return "yes"

    @property
    def state(self) -> State:
        return self.breakers.known("model:m:1")[0].state


async def test_a_lease_that_is_lost_in_between_is_neither_tried_again_nor_the_models_fault():
    models = Models(
        ProviderUnavailable("busy"),
        LeaseLost("gone"),
        rules=Rules(threshold=1, recovery_window_s=1),
    )

    with pytest.raises(LeaseLost):
        await models.ask()

    assert (models.calls, models.state) == (2, State.CLOSED)


async def test_a_model_that_is_left_alone_is_waited_for_only_by_who_has_no_other():
    failures = [ProviderUnavailable("busy")] * ASKED_MAX
    models = Models(*failures, rules=Rules(threshold=1, recovery_window_s=3))
    with pytest.raises(ProviderUnavailable):
        await models.ask()

    with pytest.raises(BreakerOpen):
        await models.ask(open_wait_s=2)
    assert models.calls == ASKED_MAX
    asking = asyncio.create_task(models.ask(open_wait_s=5))
    await asyncio.sleep(0)
    models.now_s += 3
    assert await asking == "yes"
    assert models.state is State.CLOSED


def test_breakers_of_models_with_odd_names_are_told_apart():
    long = "scripted:" + "x" * 300
    odd = breaker_name("model", "scripted:a\nb")

    assert breaker_name("model", "m:1") == "model:m:1"
    assert odd.isprintable()
    assert len(breaker_name("model", long)) == NAME_CHARS_MAX
    assert breaker_name("model", long) != breaker_name("model", long + "x")
