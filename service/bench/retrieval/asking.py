"""Remembers conversations and asks of them, as agents do: events, rows, vectors, recall."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final

from msgspec import Struct, field

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from eventlog.members import StreamAppend
from eventlog.signals import heard
from eventlog.statements import statement
from schema.envelope import AT_HEAD, Metadata
from schema.errors import Broken
from schema.events import MemoryPolicy, RecalledItem
from schema.ids import memory_stream
from schema.messages.checked import checked
from schema.messages.memory import RememberEpisode, SearchMemory
from service.bench.retrieval.presets import Preset
from service.bench.retrieval.shapes import Conversation, Question
from service.config import Settings
from service.memory.memory import Memory
from service.memory.opening import open_memory
from service.projecting import memory_runner
from service.providers.embedders import open_embedder

WAITING: Final = statement("service.bench", "count_unembedded")
CUTS: Final = (5, 10, 20)
"""Of so many recalled, how much is evidence asked for."""
APPEND_EPISODES: Final = 250
METADATA: Final = Metadata(actor="bench")
BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)
SPACING: Final = timedelta(minutes=1)
LOOK_S: Final = 0.2


class Tally(Struct):
    """What a preset recalled of the evidence, question by question."""

    shares: dict[int, list[float]] = field(default_factory=lambda: {cut: [] for cut in CUTS})
    latencies_ms: list[float] = field(default_factory=list)

    def recall(self, cut: int) -> float:
        """The share of evidence among the first *cut*, a mean over questions."""
        return sum(self.shares[cut]) / len(self.shares[cut])


class Remembered(Struct, frozen=True):
    """A conversation that an agent remembers."""

    agent_id: str
    conversation: Conversation


@asynccontextmanager
async def memory_of(database: Database, settings: Settings) -> AsyncIterator["Listener"]:
    """A memory in *database* as a runtime has it, with the embedder that *settings* name.

    Raises as `Embedder.embed` does where it cannot be had: nothing would ever be embedded.
    """

    async def policy_of(_agent_id: str) -> MemoryPolicy:
        return MemoryPolicy()

    async with (
        open_embedder(settings) as embedder,
        open_log(database, BellSettings()) as log,
        open_memory(
            log,
            load_runner=lambda: memory_runner(log),
            open_embedder=lambda: nullcontext(embedder),
            policy_of=policy_of,
        ) as memory,
    ):
        if embedder is not None:
            await embedder.embed(["Is it here?"], "query")
        yield Listener(log, memory, embeds=embedder is not None)


class Listener:
    """Remembers what it is told, and is asked."""

    def __init__(self, log: EventLog, memory: Memory, *, embeds: bool) -> None:
        self._log = log
        self._memory = memory
        self._embeds = embeds

    async def remember(self, conversation: Conversation, agent_id: str) -> Remembered:
        """Every turn an episode; returns once rows and vectors are there."""
        stream, episodes = memory_stream(agent_id), list(_episodes(conversation))
        for first in range(0, len(episodes), APPEND_EPISODES):
            events = [said.as_event(BEGUN) for said in episodes[first : first + APPEND_EPISODES]]
            append = StreamAppend(stream, AT_HEAD, events)
            await self._log.append(agent_id, append, metadata=METADATA)
        await self._memory.level.reach(stream)
        if self._embeds:
            await self._embedded(stream)
        return Remembered(agent_id, conversation)

    async def ask(self, remembered: Remembered, how: Preset, tally: Tally) -> None:
        """Ask everything that is asked about a conversation."""
        for question in remembered.conversation.questions:
            said = SearchMemory(query=question.text, limit=max(CUTS), policy=how.settings)
            began = perf_counter()
            answer = await self._memory.search(remembered.agent_id, said)
            tally.latencies_ms.append((perf_counter() - began) * 1000)
            if self._embeds and answer.without_vectors:
                raise Broken(f"recalled by words alone: {answer.without_vectors}")
            found = (item for item in answer.items if _counts(item, how))
            contents = [item.content for item in found]
            for cut in CUTS:
                tally.shares[cut].append(
                    share_of(question, remembered.conversation, contents[:cut])
                )

    async def _embedded(self, stream: str) -> None:
        runner = await self._memory.level.runner()
        while True:
            moved = runner.moved.next()
            await self._memory.level.reach(stream)
            if not await self._log.database.pool.fetchval(WAITING, stream):
                return
            await heard(moved, LOOK_S)


async def tallies(
    listener: Listener,
    conversations: Sequence[Conversation],
    presets: Mapping[str, Preset],
    on_progress: Callable[[int], None],
) -> dict[str, Tally]:
    """What each of *presets* recalls; *on_progress* hears of every turn and every question."""
    told = {name: Tally() for name in presets}
    for n, conversation in enumerate(conversations):
        remembered = await listener.remember(conversation, f"bench-{n}")
        on_progress(len(conversation.turns))
        for name, how in presets.items():
            await listener.ask(remembered, how, told[name])
            on_progress(len(conversation.questions))
    return told


def share_of(question: Question, conversation: Conversation, contents: Sequence[str]) -> float:
    """How much of the evidence is among *contents*; what was said twice is found by either."""
    wanted = [conversation.turns[place].content for place in question.evidence]
    return sum(content in contents for content in wanted) / len(wanted)


def _counts(item: RecalledItem, how: Preset) -> bool:
    return how.part is None or item.parts.get(how.part, 0) > 0


def _episodes(conversation: Conversation) -> Iterator[RememberEpisode]:
    for place, turn in enumerate(conversation.turns):
        yield checked(
            RememberEpisode,
            {
                "content": turn.content,
                "session": turn.session,
                "timestamp": turn.timestamp or BEGUN + place * SPACING,
            },
        )
