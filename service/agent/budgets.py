"""What a session has spent of its budget, and what of it is reached."""

from typing import Final, Literal

from schema.events import Budget, BudgetReached
from service.agent.state import SessionState

Kind = Literal["tokens", "steps", "seconds", "cost"]
KINDS: Final[tuple[Kind, ...]] = ("tokens", "steps", "seconds", "cost")


def spent(state: SessionState) -> dict[Kind, float]:
    """How much of each kind *state* has spent."""
    return {
        "tokens": state.usage.input_tokens + state.usage.output_tokens,
        "steps": state.steps,
        "seconds": round((state.busy_ms + state.tools_ms) / 1000, 3),
        "cost": state.cost_micro_usd / 1_000_000,
    }


def most(budget: Budget) -> dict[Kind, float | None]:
    """How much of each kind may be spent; None for as much as one likes."""
    return {
        "tokens": budget.tokens,
        "steps": budget.steps,
        "seconds": budget.seconds,
        "cost": budget.cost,
    }


def reached(state: SessionState) -> BudgetReached | None:
    """The first kind of which *state* has nothing left; None where there is something of each."""
    if state.budget == _OPEN:
        return None
    so_far = spent(state)
    for kind, limit in most(state.budget).items():
        if limit is not None and so_far[kind] >= limit:
            return BudgetReached(kind=kind, most=limit, spent=so_far[kind])
    return None


_OPEN: Final = Budget()
