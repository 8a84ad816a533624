"""What agents spend on a day: reserved, settled, and never more than they may, over a real log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from msgspec.structs import replace

from eventlog.database import Database
from schema.completions import Completion, CompletionRequest, Segment
from schema.envelope import RecordedEvent
from schema.errors import BudgetSpent, DeadlinePassed, Invalid, PriceUnknown, ProviderRefused
from schema.events import Budget, BudgetReached, CompletionReceived, RequestedCall, Sampling, Usage
from schema.messages.agents import DefineAgent
from schema.messages.sessions import SessionBudget, SessionSampling, StartSession
from service.agent.session import SessionState, Status
from service.config import Settings
from service.effects import Unwatched
from service.prices import SHIPPED, read_prices
from service.projections import PROJECTIONS
from service.providers.open import Providers, ProviderSettings
from service.replay import verify
from service.runtime import Runtime, open_runtime
from service.sessions import read_session
from service.spending import Spending
from tests.projecting import level

AGENT = "ada"
CALL = RequestedCall(id="c", name="calculator", arguments='{"expression": "1+1"}')
USAGE = Usage(input_tokens=1000, output_tokens=500, cached_tokens=400)
AGAIN = Completion(calls=(CALL,), stop_reason="tool_calls", model="m", usage=USAGE)
DONE = Completion(text="It is 2.", model="m", usage=USAGE)
COST = 600 * 2 + 400 + 500 * 10
"""Of each, in millionths of a dollar."""
PRICES = """
currency = "USD"
[[price]]
model = "fake:m"
from = 2026-01-01
input = 2
output = 10
cached = 1
source = "this test"
"""
REQUEST = CompletionRequest(
    model="m",
    provider="fake",
    segments=(Segment(role="user", text="?" * 1800),),
    sampling=Sampling(max_output_tokens=500),
    timeout_s=5,
)


@dataclass
class Model:
    """A provider that says what it is given."""

    answers: list[Completion]
    native_tools: bool = True
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    asked: int = field(default=0)

    async def complete(
        self, _request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        self.asked += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.answers.pop(0)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(PRICES)
    return file


@asynccontextmanager
async def opened(
    database: Database, prices: Path, model: Model, *, now: str | None = None
) -> AsyncIterator[Runtime]:
    url = database.address.options["dsn"]
    if now is not None:
        url = f"{url}{'&' if '?' in url else '?'}agent_runtime.now={quote(now)}"

    @asynccontextmanager
    async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
        yield Providers({"fake": lambda _name: model})

    settings = Settings(database_url=url, prices_file=prices)
    async with open_runtime(settings, (), providers=providers) as runtime:
        yield runtime


async def run(runtime: Runtime, **asked: Any) -> tuple[SessionState, list[RecordedEvent]]:
    command = StartSession(agent=AGENT, prompt="1+1?", memory=None, **asked)
    lease = await runtime.start_session(command, actor="test")
    return await settled(runtime, lease.session_id, await runtime.run_session(lease, Unwatched()))


async def settled(
    runtime: Runtime, session_id: Any, state: SessionState
) -> tuple[SessionState, list[RecordedEvent]]:
    facts = await read_session(runtime.log, session_id)
    difference = verify(facts).difference
    assert difference is None, str(difference)
    return state, facts


async def define(runtime: Runtime, **daily: Any) -> None:
    said = DefineAgent(
        model="fake:m",
        daily_budget=SessionBudget(**daily),
        sampling=SessionSampling(max_output_tokens=500),
    )
    await runtime.define_agent(AGENT, said, actor="test")


async def test_a_session_that_has_spent_its_dollars_pauses_and_goes_on_with_more(
    database: Database, prices: Path
):
    model = Model([AGAIN, AGAIN, DONE])
    async with opened(database, prices, model) as runtime:
        await define(runtime, cost=100)
        state, facts = await run(runtime, budget={"cost": 2 * COST / 1e6})
        assert (state.status, state.cause) == (Status.PAUSED, "budget_reached")
        assert facts[-1].event == BudgetReached(kind="cost", most=0.0132, spent=0.0132)
        session_id = facts[0].stream.removeprefix("session-")
        await runtime.control("boss").raise_budget(UUID(session_id), cost=1.0)
        state = await runtime.take_up(UUID(session_id), "more", Unwatched(), actor="boss")

        state, facts = await settled(runtime, UUID(session_id), state)

        assert (state.status, state.cost) == (Status.COMPLETED, 3 * COST / 1e6)
        (day,) = await runtime.spending.listed(AGENT, 10)
        metric = "agent_runtime_cost_usd_total"
        counted = runtime.metrics.registry.get_sample_value(metric, {"provider": "fake"})
    paid = [fact.event for fact in facts if isinstance(fact.event, CompletionReceived)]
    assert {(fact.cost_micro_usd, fact.priced_from) for fact in paid} == {(COST, "2026-01-01")}
    assert (day.steps, day.tokens, day.cost_micro_usd, day.unpriced) == (3, 4500, 3 * COST, 0)
    assert counted == pytest.approx(0.0198)


async def test_an_unknown_price_is_no_zero_and_bounds_nothing(database: Database, prices: Path):
    model = Model([DONE, DONE])
    async with opened(database, prices, model) as runtime:
        await define(runtime, tokens=10**6)
        state, _ = await run(runtime, model="fake:other")
        (day,) = await runtime.spending.listed(AGENT, 10)
        with pytest.raises(Invalid, match=r"budget\.cost: the price of fake:other is not known"):
            await run(runtime, model="fake:other", budget={"cost": 1})
        await define(runtime, cost=1)
        paused, _ = await run(runtime, model="fake:other")

    assert state.status is Status.COMPLETED
    assert (state.cost, day.cost_micro_usd, day.unpriced) == (None, 0, 1)
    assert (paused.status, paused.cause, model.asked) == (Status.PAUSED, "price_unknown", 1)


async def test_a_day_that_is_spent_pauses_each_session_until_there_is_more(
    database: Database, prices: Path
):
    model = Model([AGAIN, AGAIN, DONE])
    async with opened(database, prices, model) as runtime:
        await define(runtime, steps=2)

        state, facts = await run(runtime)
        other, _ = await run(runtime)

        assert (state.status, state.cause) == (Status.PAUSED, "daily_budget_reached")
        assert state.detail.startswith("2 of 2 steps of the agent's day are spent: define")
        assert (other.status, other.steps) == (Status.PAUSED, 0)
        await define(runtime, steps=3)
        session_id = facts[0].stream.removeprefix("session-")
        state = await runtime.take_up(UUID(session_id), "more", Unwatched(), actor="boss")
        await settled(runtime, UUID(session_id), state)
    assert state.status is Status.COMPLETED


async def test_what_was_spent_before_a_day_is_bounded_counts_too(database: Database, prices: Path):
    model = Model([AGAIN, DONE, DONE])
    async with opened(database, prices, model) as runtime:
        state, _ = await run(runtime, model="fake:m")
        await level(database, PROJECTIONS.values())
        (before,) = await runtime.spending.listed(AGENT, 10)
        await define(runtime, steps=3)

        last, _ = await run(runtime)
        none_left, _ = await run(runtime)

        (after,) = await runtime.spending.listed(AGENT, 10)
    assert (state.steps, before.steps, before.cost_micro_usd) == (2, 2, 2 * COST)
    assert (last.status, none_left.cause) == (Status.COMPLETED, "daily_budget_reached")
    assert (after.steps, after.cost_micro_usd) == (3, 3 * COST)


async def test_sessions_side_by_side_never_overshoot(database: Database, prices: Path):
    at_once = most_at_once = 0

    async def think() -> None:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1

    model = Model([replace(DONE, usage=Usage(input_tokens=40, output_tokens=500))] * 20)
    model.meanwhile = think
    async with opened(database, prices, model) as one, opened(database, prices, model) as two:
        await define(one, tokens=3000)
        ends = await asyncio.gather(*(run(runtime) for runtime in (one, two) for _ in range(6)))
        (day,) = await one.spending.listed(AGENT, 10)

    done = [state for state, _ in ends if state.status is Status.COMPLETED]
    assert {state.cause for state, _ in ends if state not in done} == {"daily_budget_reached"}
    assert len(done) == model.asked >= 4
    assert day.tokens == 540 * len(done) <= 3000
    assert most_at_once > 1
    assert day.reserved_tokens == 0


async def test_what_a_holder_that_is_gone_reserved_comes_back_with_time(
    database: Database, prices: Path
):
    async def cut() -> Completion:
        raise DeadlinePassed("too late")

    async def asked() -> Completion:
        return DONE

    async with opened(database, prices, Model([]), now="2026-05-01T12:00:00Z") as runtime:
        await define(runtime, tokens=2500)
        with pytest.raises(DeadlinePassed):
            await runtime.spending.ask(AGENT, REQUEST, cut, budget=Budget())
        (day,) = await runtime.spending.listed(AGENT, 1)
        assert (day.tokens, day.reserved_tokens > 1300) == (0, True)
        hurried = replace(REQUEST, timeout_s=0.1)
        with pytest.raises(BudgetSpent, match="other sessions hold back"):
            await runtime.spending.ask(AGENT, hurried, asked, budget=Budget())
    async with opened(database, prices, Model([]), now="2026-05-01T12:01:11Z") as runtime:
        await runtime.spending.ask(AGENT, REQUEST, asked, budget=Budget())
        (day,) = await runtime.spending.listed(AGENT, 1)
    assert (day.tokens, day.reserved_tokens) == (1500, 0)


async def test_a_model_that_fails_leaves_nothing_reserved(database: Database, prices: Path):
    async def fails() -> Completion:
        raise ProviderRefused("no", 400)

    async with opened(database, prices, Model([])) as runtime:
        await define(runtime, cost=1)
        with pytest.raises(ProviderRefused):
            await runtime.spending.ask(AGENT, REQUEST, fails, budget=Budget())
        (day,) = await runtime.spending.listed(AGENT, 1)
    assert (day.tokens, day.reserved_tokens, day.reserved_micro_usd) == (0, 0, 0)


async def test_a_call_across_midnight_belongs_to_the_day_on_which_it_was_asked(
    database: Database, prices: Path
):
    async with (
        opened(database, prices, Model([]), now="2026-05-01T23:59:59Z") as before,
        opened(database, prices, Model([]), now="2026-05-02T00:00:01Z") as after,
    ):
        await define(before, tokens=2500)

        async def answered_after_midnight() -> Completion:
            await after.spending.ask(AGENT, REQUEST, quickly, budget=Budget())
            return DONE

        async def quickly() -> Completion:
            return DONE

        await before.spending.ask(AGENT, REQUEST, answered_after_midnight, budget=Budget())
        days = await after.spending.listed(AGENT, 10)
    assert [(str(day.day), day.tokens) for day in days] == [
        ("2026-05-02", 1500),
        ("2026-05-01", 1500),
    ]


async def test_without_a_budget_the_shipped_prices_know_what_costs_nothing(
    database: Database, prices: Path
):
    async with opened(database, prices, Model([])) as runtime:
        spending = Spending(runtime.log, read_prices(SHIPPED), runtime.definitions)
        spending.see_priced("scripted:anything")
        with pytest.raises(PriceUnknown):
            spending.see_priced("fake:m")
