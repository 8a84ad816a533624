"""What a fork makes of the state that it was forked from."""

from typing import Final

from msgspec.structs import replace

from schema.events import SessionForked, SessionStarted
from service.agent.state import SessionState, Status

OVERRIDES: Final = (
    *("model", "system_prompt", "protocol", "tools", "limits", "sampling", "budget", "approvals"),
)
"""Fields of a fork that stand in the place of its parent's, where they are not None."""


def begun(started: SessionStarted, fork: SessionForked) -> SessionStarted:
    """What a session that goes on as *fork* says begins with, in the place of *started*."""
    others = {name: value for name in OVERRIDES if (value := getattr(fork, name)) is not None}
    if fork.model is not None:
        others["fallbacks"] = ()  # They were named for the model that is not asked any more.
    return replace(started, salt=fork.salt, epoch=fork.epoch, mind=fork.mind, **others)


def reopened(state: SessionState) -> SessionState:
    """*state* as if it had neither ended nor come to rest: a fork may go on from anywhere."""
    return replace(
        state,
        status=Status.RUNNING,
        answer=None,
        deadline_passed=False,
        rested=False,
    )


def overridden(state: SessionState, fork: SessionForked) -> SessionState:
    """*state* with all that is other in the fork."""
    started = None if state.started is None else begun(state.started, fork)
    budget = state.budget if fork.budget is None else fork.budget
    return replace(state, started=started, budget=budget)
