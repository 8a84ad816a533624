"""Every agent's memory: what is remembered, changed, found and listed, agent by agent."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from eventlog.log import EventLog
from schema.envelope import AT_HEAD
from schema.errors import NotFound, Refused
from schema.events import (
    EpisodeForgotten,
    EpisodePinned,
    Event,
    FactRemoved,
    MemoryPolicy,
)
from schema.ids import checked_agent_id
from schema.messages.memory import NoteWorking, RememberEpisode, SearchMemory, StoreFact
from service.memory import working as notes
from service.memory.agent_mind import AgentMind
from service.memory.asking import Answer, Asker
from service.memory.capacity import Holdings, see_dimensions
from service.memory.gone import Departures, Gone
from service.memory.kept import Kept
from service.memory.reading import Changes, Reader, Seen
from service.memory.remembering import remembered
from service.memory.working import Working
from service.mind.lanes import Lanes
from service.mind.level import Level
from service.mind.writing import Author, Decided, Writer, Written

if TYPE_CHECKING:
    from service.memory.reembedding import Moved

PolicyFn: TypeAlias = Callable[[str], Awaitable[MemoryPolicy]]
"""How an agent remembers, by its definition."""
ClockFn: TypeAlias = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Memory:
    """The memories of all agents, as this process has them; made by `open_memory`."""

    def __init__(
        self,
        *,
        log: EventLog,
        level: Level,
        kept: Kept,
        lanes: Lanes,
        writer: Writer,
        asker: Asker,
        policy_of: PolicyFn,
        clock: ClockFn,
    ) -> None:
        self._log = log
        self.level = level
        self._kept = kept
        self._lanes = lanes
        self._writer = writer
        self._asker = asker
        self._reader = Reader(log, asker)
        self._departures = Departures(log, level)
        self._policy_of = policy_of
        self._clock = clock

    async def keep_up(self) -> None:
        """Keep rows level and texts embedded from now on, whether somebody reads them or not."""
        await self.level.runner()

    def mind(
        self,
        *,
        agent_id: str,
        policy: MemoryPolicy,
        session: str,
        call_id: str | None,
        at: datetime,
        working: Working,
        as_of: int | None = None,
    ) -> AgentMind:
        """See `Minds.mind`."""
        return AgentMind(
            agent_id=agent_id,
            policy=policy,
            session=session,
            call_id=call_id,
            at=at,
            working=working,
            as_of=as_of,
            kept=self._kept,
            asker=self._asker,
        )

    def lane(self, agent_id: str) -> AbstractAsyncContextManager[None]:
        """See `Minds.lane`."""
        return self._lanes.lane(agent_id)

    async def remember(self, agent_id: str, said: RememberEpisode, author: Author) -> Written:
        """Remember an episode; where there are too many, others go in the same append.

        `Invalid` where none may go, or where the vector is of another dimension than the agent's.
        """
        at = self._clock()
        episode = said.as_event(at)
        if repeated := await self._writer.repeated(checked_agent_id(agent_id), episode, author):
            return repeated
        policy = await self._policy_of(agent_id)
        if policy.capacity is None and self._is_like(agent_id, episode.embedding):
            return await self._writer.write(agent_id, episode, author)

        async def decide(held: Holdings) -> Decided:
            async def holdings() -> Holdings:
                return held

            facts, expected = await remembered(holdings, policy, episode, at)
            return Decided(facts, _resting_on(held, episode.embedding, expected))

        return await self._decide(agent_id, decide, author)

    async def store_fact(self, agent_id: str, said: StoreFact, author: Author) -> Written:
        """Keep a value under a key, in the place of what stood there.

        `Invalid` where the vector is of another dimension than the agent's.
        """
        fact = said.as_event()
        if repeated := await self._writer.repeated(checked_agent_id(agent_id), fact, author):
            return repeated
        if self._is_like(agent_id, fact.embedding):
            return await self._writer.write(agent_id, fact, author)

        async def decide(held: Holdings) -> Decided:
            return Decided((fact,), _resting_on(held, fact.embedding, AT_HEAD))

        return await self._decide(agent_id, decide, author)

    async def forget(
        self, agent_id: str, episode: str, author: Author, *, reason: str = ""
    ) -> Written:
        """Forget the episode whose id is *episode*; `NotFound` where it is not held."""
        fact = EpisodeForgotten(id=episode, reason=reason)
        return await self._settle(
            agent_id,
            fact,
            author,
            is_held=lambda held: episode in held.episodes,
            refusal=lambda: self._departures.no_episode(agent_id, episode),
        )

    async def remove_fact(
        self, agent_id: str, key: str, author: Author, *, reason: str = ""
    ) -> Written:
        """Leave *key* without a value; `NotFound` where it has none."""
        fact = FactRemoved(key=key, reason=reason)
        return await self._settle(
            agent_id,
            fact,
            author,
            is_held=lambda held: key in held.facts,
            refusal=lambda: self._departures.no_fact(agent_id, key),
        )

    async def pin(self, agent_id: str, episode: str, author: Author, *, pinned: bool) -> Written:
        """Say whether an episode may ever be evicted; `NotFound` where it is not held."""
        fact = EpisodePinned(id=episode, pinned=pinned)
        if repeated := await self._writer.repeated(checked_agent_id(agent_id), fact, author):
            return repeated

        async def decide(held: Holdings) -> Decided:
            if episode not in held.episodes:
                raise await self._departures.no_episode(agent_id, episode)
            return Decided((fact,), held.version)  # Who is evicted depends on it.

        return await self._decide(agent_id, decide, author)

    async def note(self, agent_id: str, said: NoteWorking, author: Author) -> Written:
        """Keep a value in the working memory that the agent's sessions share."""
        fact = said.as_event()
        if repeated := await self._writer.repeated(checked_agent_id(agent_id), fact, author):
            return repeated
        policy = await self._shared(agent_id)

        async def decide(held: Holdings) -> Decided:
            written, *gone = notes.note(held.working, said.key, said.value, policy.working_capacity)
            return Decided((*gone, written), held.version)

        return await self._decide(agent_id, decide, author)

    async def remove_note(self, agent_id: str, key: str, author: Author) -> Written:
        """Remove an entry of shared working memory; `NotFound` where there is none."""
        await self._shared(checked_agent_id(agent_id))

        async def decide(held: Holdings) -> Decided:
            return Decided(notes.remove(held.working, key), held.version)

        return await self._decide(agent_id, decide, author)

    async def search(self, agent_id: str, said: SearchMemory) -> Answer:
        """What is found by somebody who looks from outside: nothing is counted.

        `Unavailable` where the rows do not come as far as the log in time, `Refused` where they
        are parked.
        """
        policy = await self._policy_of(checked_agent_id(agent_id))
        return await self._asker.search(agent_id, said, policy, self._clock())

    async def settled(self, agent_id: str, *, timeout_s: float) -> bool:
        """Whether all that the agent holds can be found by its meaning, given time to get there."""
        return await self._asker.settled(checked_agent_id(agent_id), timeout_s)

    async def look(self, agent_id: str, as_of: int | str | None, limit: int) -> Seen:
        """What the agent holds, or held at *as_of*: at most *limit* of each kind."""
        return await self._reader.look(agent_id, as_of, limit, self._clock())

    async def diff(self, agent_id: str, since: int | str, until: int | str) -> Changes:
        """What has changed from one place to another."""
        return await self._reader.diff(agent_id, since, until, self._clock())

    async def named(self, agent_id: str, part: str, limit: int) -> list[UUID]:
        """Episodes that are held now and whose ids begin or end with *part*."""
        return await self._reader.named(agent_id, part, limit, self._clock())

    async def gone(self, agent_id: str, part: str, limit: int) -> list[Gone]:
        """Episodes that are held no more and whose ids begin or end with *part*."""
        return await self._departures.episodes(checked_agent_id(agent_id), part, limit)

    async def reembed(self, agent_id: str, on_progress: Callable[[int, int], None]) -> "Moved":
        """Move the agent's memory to the embedder that the settings name; see `Move`.

        `NotReady` where they name none.
        """
        from service.memory.reembedding import Move, without_embedder  # noqa: PLC0415 - numpy.

        embedder = await self._asker.embedder()
        if embedder is None:
            raise without_embedder()
        policy = await self._policy_of(checked_agent_id(agent_id))
        move = Move(self._log, self.level, embedder, agent_id)
        return await move.run(policy, self._clock(), on_progress)

    async def holdings(self, agent_id: str) -> Holdings:
        """What the agent holds at the log's head; it changes with the next decision upon it."""
        return await self._kept.fresh(checked_agent_id(agent_id))

    async def _settle(
        self,
        agent_id: str,
        fact: Event,
        author: Author,
        *,
        is_held: Callable[[Holdings], bool],
        refusal: Callable[[], Awaitable[NotFound]],
    ) -> Written:
        """Append *fact*, once what it names was seen; who comes second changes nothing."""
        if repeated := await self._writer.repeated(checked_agent_id(agent_id), fact, author):
            return repeated

        async def decide(held: Holdings) -> Decided:
            if not is_held(held):
                raise await refusal()
            return Decided((fact,))

        return await self._decide(agent_id, decide, author)

    async def _decide(
        self, agent_id: str, decide: Callable[[Holdings], Awaitable[Decided]], author: Author
    ) -> Written:
        return await self._writer.decide(
            agent_id, lambda: self._kept.fresh(agent_id), decide, author
        )

    def _is_like(self, agent_id: str, embedding: tuple[float, ...]) -> bool:
        """Whether a vector is known to fit those that were given before; none always does."""
        return not embedding or len(embedding) == self._kept.dimensions(agent_id)

    async def _shared(self, agent_id: str) -> MemoryPolicy:
        policy = await self._policy_of(agent_id)
        if not policy.working_shared:
            raise Refused(
                f"working memory of {agent_id} is each session's own: it is shared where the "
                "agent's definition says `working_shared`"
            )
        return policy


def _resting_on(held: Holdings, embedding: tuple[float, ...], expected: int) -> int:
    """*expected*, or the version of *held* where *embedding* is the agent's first vector.

    `Invalid` where it is of another dimension.
    """
    if embedding and held.dimensions is None:
        return held.version
    if embedding:
        see_dimensions(len(embedding), held.dimensions)
    return expected
