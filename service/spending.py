"""What agents spend on a day: reserved before a model is asked, settled once it answered.

Only a day that is bounded is counted as it goes; others cost a call nothing. Two rows tell it: what
is spent, and what calls under way may add. Who wants to ask holds the first one while it adds both
up, so that sessions side by side never overshoot together. A reservation ends by itself when its
holder is gone. The day is the one on which the model was asked, in UTC, by the server's clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from msgspec.structs import replace

from eventlog.log import EventLog
from eventlog.retrying import PASSING
from eventlog.statements import statement
from schema import json_text
from schema.completions import Completion, CompletionRequest
from schema.errors import BudgetSpent, DeadlinePassed, Invalid, PriceUnknown
from schema.events import Budget, Usage
from schema.ids import agent_stream
from service.definitions import Definitions
from service.prices import Price, Prices

LOCK: Final = statement(__package__, "lock_spent")
BEGIN: Final = statement(__package__, "begin_spent")
RESERVED: Final = statement(__package__, "reserved_of_day")
RESERVE: Final = statement(__package__, "reserve")
SETTLE: Final = statement(__package__, "settle")
RELEASE: Final = statement(__package__, "release_reservation")
LIST: Final = statement(__package__, "list_spent")

LISTED_MAX: Final = 10_000
BYTES_PER_TOKEN: Final = 2
"""Few texts have fewer; so a prompt is hardly ever longer than what was reserved for it."""
GRACE_S: Final = 60.0
"""So long a reservation outlives the call that it was made for."""
LOOK_AGAIN_S: Final = 0.1
"""How often one looks whether calls under way have left something."""
MICRO: Final = 1_000_000

AskFn = Callable[[], Awaitable[Completion]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What is spent, or may be, of each kind."""

    tokens: int = 0
    steps: int = 0
    seconds: float = 0.0
    cost_micro_usd: int = 0

    @property
    def by_kind(self) -> dict[str, float]:
        """As budgets name it."""
        return {
            "tokens": self.tokens,
            "steps": self.steps,
            "seconds": self.seconds,
            "cost": self.cost_micro_usd / MICRO,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What one call holds back of its agent's day."""

    id: UUID
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentOfDay:
    """An agent's day, and what calls under way hold back of it."""

    agent_id: str
    day: date
    tokens: int
    steps: int
    seconds: float
    cost_micro_usd: int
    unpriced: int
    reserved_tokens: int
    reserved_micro_usd: int


@dataclass(frozen=True)
class Spending:
    """The days of all agents."""

    log: EventLog
    prices: Prices
    definitions: Definitions

    async def ask(
        self, agent_id: str, request: CompletionRequest, ask: AskFn, *, budget: Budget
    ) -> Completion:
        """What *ask* gets, with its cost, after that was reserved where the agent's day is bounded.

        *budget* is the session's own. `BudgetSpent` where the day has no room for the call, and
        `PriceUnknown` where a budget bounds its cost, which nobody knows; then nobody was asked.
        """
        model = f"{request.provider}:{request.model}"
        daily = await self._daily(agent_id)
        if daily.cost is not None or budget.cost is not None:
            self.see_priced(model)
        held = None if daily == _OPEN else await self._reserve(agent_id, request, model, daily)
        began_s = perf_counter()
        try:
            completion = await ask()
        except DeadlinePassed:
            raise  # It may be paid for: what is reserved stays so, as after a crash.
        except Exception:
            await self._release(agent_id, held)
            raise
        priced = self._priced(completion, model, held)
        if held is not None:
            await self._settle(agent_id, held, priced, perf_counter() - began_s)
        return priced

    def see_priced(self, model: str) -> None:
        """Raise `PriceUnknown` where *model* (`provider:model`) has no price today."""
        if self.prices.price_of(model, _today(), 0) is None:
            raise PriceUnknown(
                f"the price of {model} is not known, and a budget bounds what it may cost: "
                "name it in AGENT_RUNTIME_PRICES_FILE"
            )

    async def listed(self, agent_id: str | None, limit: int) -> Sequence[SpentOfDay]:
        """The newest days of *agent_id*, or of all agents."""
        if not 1 <= limit <= LISTED_MAX:
            raise Invalid("limit", f"{limit} is not between 1 and {LISTED_MAX}")
        async with self.log.database.acquire() as conn:
            return [SpentOfDay(**row) for row in await conn.fetch(LIST, agent_id, limit)]

    async def _daily(self, agent_id: str) -> Budget:
        """What the agent may spend on a day by now, whatever its sessions began with."""
        return (await self.definitions.defined(agent_id)).daily_budget

    async def _reserve(
        self, agent_id: str, request: CompletionRequest, model: str, daily: Budget
    ) -> Reservation:
        """Hold back what the call may come to; wait for others, where they may leave enough."""
        wanted = self._most(request, model)
        until_s = asyncio.get_running_loop().time() + request.timeout_s
        while True:
            held, spent = await self._try_reserve(agent_id, request, daily, wanted)
            if held is not None:
                return held
            _see_room(daily, spent, wanted)
            if asyncio.get_running_loop().time() >= until_s:
                raise BudgetSpent("other sessions hold back what is left of the agent's day")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _try_reserve(
        self, agent_id: str, request: CompletionRequest, daily: Budget, wanted: Amount
    ) -> tuple[Reservation | None, Amount]:
        """A reservation, or None where there is no room now; and what is spent."""
        partition = self._partition(agent_id)
        async with self.log.database.acquire() as conn, conn.transaction():
            if not (rows := await conn.fetch(LOCK, partition, agent_id)):
                await conn.execute(BEGIN, partition, agent_id)
                rows = await conn.fetch(LOCK, partition, agent_id)
            (row,) = rows
            day = row["day"]
            (under_way,) = await conn.fetch(RESERVED, partition, agent_id, day)
            spent, others = _amount(row), _amount(under_way)
            if _lacking(daily, spent, others, wanted):
                return None, spent
            held = Reservation(id=uuid4(), day=day)
            for_s = 2 * request.timeout_s + GRACE_S
            await conn.execute(RESERVE, partition, held.id, agent_id, day, *_columns(wanted), for_s)
            return held, spent

    async def _settle(
        self, agent_id: str, held: Reservation, completion: Completion, seconds: float
    ) -> None:
        """Count what was spent; a completion that is paid for is never lost for want of that."""
        usage, cost = completion.usage, completion.cost_micro_usd
        spent = Amount(
            tokens=usage.input_tokens + usage.output_tokens,
            steps=1,
            seconds=seconds,
            cost_micro_usd=cost or 0,
        )
        try:
            async with self.log.database.acquire() as conn:
                await conn.execute(
                    SETTLE,
                    *(self._partition(agent_id), held.id, agent_id, held.day),
                    *(*_columns(spent), int(cost is None)),
                )
        except PASSING:
            log.warning("spending.not_counted", agent=agent_id, tokens=spent.tokens)

    async def _release(self, agent_id: str, held: Reservation | None) -> None:
        if held is None:
            return
        try:
            async with self.log.database.acquire() as conn:
                await conn.execute(RELEASE, self._partition(agent_id), held.id)
        except PASSING:
            log.warning("spending.not_released", agent=agent_id)  # It runs out by itself.

    def _most(self, request: CompletionRequest, model: str) -> Amount:
        """What the call comes to at most, nothing being cached."""
        said = json_text.encode([list(request.segments), request.tools])
        usage = Usage(
            input_tokens=len(said.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN,
            output_tokens=request.sampling.max_output_tokens,
        )
        price = self.prices.dearest_of(model, _today(), usage.input_tokens)
        return Amount(
            tokens=usage.input_tokens + usage.output_tokens,
            steps=1,
            cost_micro_usd=0 if price is None else price.cost_micro_usd(usage),
        )

    def _priced(self, completion: Completion, model: str, held: Reservation | None) -> Completion:
        """*completion* with its cost, where that is known."""
        day = _today() if held is None else held.day
        price: Price | None = self.prices.price_of(model, day, completion.usage.input_tokens)
        if price is None:
            return completion
        cost = price.cost_micro_usd(completion.usage)
        return replace(completion, cost_micro_usd=cost, priced_from=price.since.isoformat())

    def _partition(self, agent_id: str) -> int:
        return self.log.partition_of(agent_stream(agent_id))


_OPEN: Final = Budget()


def _lacking(daily: Budget, spent: Amount, others: Amount, wanted: Amount) -> str | None:
    """The first kind of which there is no room for *wanted*."""
    has, held, more = spent.by_kind, others.by_kind, wanted.by_kind
    for kind, so_far in has.items():
        most = getattr(daily, kind)
        if most is None:
            continue
        comes_to = so_far + held[kind] + more[kind]
        if comes_to > most or (not more[kind] and comes_to >= most):
            return kind
    return None


def _see_room(daily: Budget, spent: Amount, wanted: Amount) -> None:
    """Raise `BudgetSpent` where there would be no room even if nobody else held any back."""
    kind = _lacking(daily, spent, Amount(), wanted)
    if kind is None:
        return
    has, most, more = spent.by_kind[kind], getattr(daily, kind), wanted.by_kind[kind]
    raise BudgetSpent(
        f"{has:.15g} of {most:.15g} {kind} of the agent's day are spent"
        + (f", and the next call may take {more:.15g}" if has < most else "")
        + ": define the agent with a greater daily_budget, or wait for tomorrow (UTC)"
    )


def _amount(row: Any) -> Amount:
    return Amount(
        tokens=int(row["tokens"]),
        steps=int(row["steps"]),
        seconds=row["seconds"],
        cost_micro_usd=int(row["cost_micro_usd"]),
    )


def _columns(amount: Amount) -> tuple[int, int, float, int]:
    return amount.tokens, amount.steps, amount.seconds, amount.cost_micro_usd


def _today() -> date:
    return datetime.now(UTC).date()
