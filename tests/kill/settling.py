"""Somebody who looks at the world, and tells a session what became of its calls."""

from uuid import UUID

from service.agent.moves import OUTCOME_UNKNOWN
from service.agent.session import SessionState, Status
from service.control import Control
from tests.kill.world import World


def waits_for_word(state: SessionState) -> bool:
    """Whether a session rests because nobody knows what happened."""
    return (state.status, state.cause) == (Status.PAUSED, OUTCOME_UNKNOWN)


async def settle(control: Control, session_id: UUID, state: SessionState, world: World) -> int:
    """Say of each call in doubt whether it happened; how many there were."""
    for call_id in state.doubtful:
        if world.of(str(session_id), call_id):
            await control.reconcile(session_id, call_id, "happened", data="done")
        else:
            await control.reconcile(session_id, call_id, "did_not_happen")
    return len(state.doubtful)
