"""An agent's memory as one call of a session sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schema.events import MemoryPolicy, MemoryRecalled
from service.memory.asking import Asker
from service.memory.capacity import Holdings
from service.memory.kept import Kept
from service.memory.working import Working


@dataclass(frozen=True, kw_only=True)
class AgentMind:
    """See `Mind`."""

    agent_id: str
    policy: MemoryPolicy
    session: str
    call_id: str | None
    at: datetime
    working: Working
    as_of: int | None
    """The version that is recalled; None recalls what there is."""
    kept: Kept
    asker: Asker

    async def holdings(self) -> Holdings:
        """See `Mind`; whoever decides upon them does so before they wait for anything else."""
        return await self.kept.fresh(self.agent_id)

    async def recall(self, query: str, limit: int, tags: Sequence[str]) -> MemoryRecalled:
        """See `Mind`."""
        answer = await self.asker.recall(
            self.agent_id, query, limit, tags, self.policy, self.at, as_of=self.as_of
        )
        version = answer.place.version
        shared = self.policy.working_shared and version > 0
        return MemoryRecalled(
            query=query,
            policy=self.policy,
            version=version,
            at=self.at,
            space=answer.space,
            without_vectors=answer.without_vectors,
            items=answer.items,
            working=await self.asker.working(self.agent_id, version) if shared else (),
            call_id=self.call_id,
        )
