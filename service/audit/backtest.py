"""Back-tests settings of memory on the questions that sessions asked: no model is asked."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from schema.envelope import RecordedEvent
from schema.events import MemoryPolicy, MemoryRecalled, RecalledItem
from schema.messages.memory import MemorySettings
from service.audit.overrides import over
from service.memory.budget import told
from service.memory.memory import Memory
from service.memory.recalling import fitting
from service.memory.working import Working


class Retried(Struct, frozen=True, kw_only=True):
    """One recorded question, and what other settings would have made of it."""

    session: str
    version: int
    """Of the session's event that holds the answer."""
    query: str
    before: tuple[RecalledItem, ...]
    """What was told, the best first."""
    after: tuple[RecalledItem, ...]

    @property
    def changed(self) -> bool:
        """Whether other memories would have been told, or in another order."""
        return [item.id for item in self.before] != [item.id for item in self.after]


async def retry_recalls(
    memory: Memory, facts: Sequence[RecordedEvent], settings: MemorySettings
) -> list[Retried]:
    """Each recall of a session as it would have been, by what memory held when it was made.

    Capacity and eviction change what is held, not what is recalled of it: they make no difference.
    """
    return [
        await _retry(memory, fact, fact.event, settings)
        for fact in facts
        if isinstance(fact.event, MemoryRecalled)
    ]


async def _retry(
    memory: Memory, fact: RecordedEvent, made: MemoryRecalled, settings: MemorySettings
) -> Retried:
    policy = over(made.policy, settings) or made.policy
    found = await _asked(memory, fact, made, policy)
    return Retried(
        session=fact.stream.removeprefix("session-"),
        version=fact.version,
        query=made.query,
        before=tuple(item for item in made.items if item.told),
        after=tuple(item for item in found if item.told),
    )


async def _asked(
    memory: Memory, fact: RecordedEvent, made: MemoryRecalled, policy: MemoryPolicy
) -> Sequence[RecalledItem]:
    by_tool = made.call_id is not None
    mind = memory.mind(
        agent_id=fact.agent_id,
        policy=policy,
        session=str(UUID(fact.stream.removeprefix("session-"))),
        call_id=made.call_id,
        at=made.at,
        working=Working(),
        as_of=made.version,
    )
    limit = max(len(made.items), 1) if by_tool else policy.max_memory_recalls
    recalled = fitting(await mind.recall(made.query, limit, ()))
    return told(recalled.items, None if by_tool else policy.max_memory_tokens)
