"""Made-up agents at work: real events of every kind that analysts ask about, the same each time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from msgspec import Struct

from schema import events
from schema.events import Effect, Event, MemoryPolicy, RecalledItem, ToolSpec, Usage
from schema.ids import graph_stream, memory_stream, new_session_id, session_stream, uuid7

AGENTS: Final = (
    *("ana", "bo", "cem", "dora", "emil", "fatou", "gustav", "hana", "ivo", "jun", "kaya", "lars"),
    *("mia", "noor", "olga", "pavel", "quy", "rosa", "sami", "tove", "uma", "vera", "wim", "yara"),
)
SHARES: Final = range(len(AGENTS), 0, -1)
"""Of sessions: the first has most."""
MODELS: Final = ("anthropic:claude-sonnet", "openai:gpt-mini", "local:smollm2-135m")
TOOLS: Final = {
    "calculator": 0.01,
    "search_files": 0.04,
    "read_file": 0.06,
    "http_get": 0.15,
    "remember": 0.005,
    "graph_put": 0.01,
}
"""Name → how often it fails."""
KINDS: Final = ("not_found", "transient", "permanent", "blocked")
ODD: Final = "a\x00b \ud800 \U0001f600"
"""What PostgreSQL's text cannot hold, but the log does."""
HUGE_CHARACTERS: Final = 200_000
DIMENSIONS: Final = 16
EPISODES_KEPT: Final = 50
"""Of each agent, the newest, which are recalled and forgotten."""
EPISODES_LEAST: Final = 3
"""An agent with no more forgets none."""

_WORDS: Final = (
    *("valve", "pressure", "cellar", "Graz", "invoice", "harbour", "ledger", "engine", "winter"),
    *("Ana", "orders", "train", "report", "signal", "garden", "copper", "night", "market", "pump"),
)


class Made(Struct, frozen=True):
    """An event with its place, but for the position."""

    agent_id: str
    stream: str
    version: int
    event_id: UUID
    event: Event
    recorded_at: datetime


class Life:
    """What agents do between two moments."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)  # noqa: S311 - draws a life, the same each time.
        self._heads: dict[str, int] = {}
        self._agents: dict[str, str] = {}
        self._episodes: dict[str, list[tuple[UUID, str, datetime]]] = {}
        self._entities: dict[str, int] = {}
        self._tools = tuple(_spec(name) for name in TOOLS)

    @property
    def heads(self) -> dict[str, int]:
        """Stream → the version of its last event."""
        return self._heads

    def agent_of(self, stream: str) -> str:
        """Whose *stream* is."""
        return self._agents[stream]

    def events(self, count: int, begin: datetime, end: datetime) -> Iterator[Made]:
        """*count* events or a few more, evenly from *begin* to *end*."""
        pace = (end - begin) / count
        made = 0
        while made < count:
            for fact in self._session(begin + made * pace, pace):
                made += 1
                yield fact

    def _session(self, begin: datetime, pace: timedelta) -> Iterator[Made]:
        (agent_id,) = self._chance.choices(AGENTS, SHARES)
        stream = session_stream(new_session_id(agent_id))
        facts = [
            (stream, fact) for fact in self._told(agent_id, stream.removeprefix("session-"), begin)
        ]
        facts.extend(self._kept(agent_id, begin))
        tick = pace * self._chance.uniform(0.1, 0.99)
        for number, (of, fact) in enumerate(facts):
            yield self._place(agent_id, of, fact, begin + number * tick)

    def _place(self, agent_id: str, stream: str, fact: Event, at: datetime) -> Made:
        version = self._heads.get(stream, 0) + 1
        self._heads[stream] = version
        self._agents[stream] = agent_id
        made = Made(agent_id, stream, version, uuid7(), fact, at)
        if isinstance(fact, events.EpisodeRecorded):
            kept = self._episodes.setdefault(agent_id, [])
            kept.append((made.event_id, fact.content, at))
            del kept[:-EPISODES_KEPT]
        return made

    def _told(self, agent_id: str, session: str, at: datetime) -> Iterator[Event]:
        """A session, from its start to its end or to where it stands."""
        chance = self._chance
        model = chance.choices(MODELS, (5, 3, 1))[0]
        prompt = self._prompt()
        yield events.SessionStarted(
            agent_id=agent_id, prompt=prompt, model=model, tools=self._tools, salt="0" * 32
        )
        if kept := self._episodes.get(agent_id):
            yield self._recalled(agent_id, prompt, chance.sample(kept, min(3, len(kept))), at)
        last = min(12, 1 + int(chance.expovariate(0.3)))
        for step in range(1, last + 1):
            yield from self._step(step, model, asks=step < last)
        yield from self._end(last, session)

    def _step(self, step: int, model: str, *, asks: bool) -> Iterator[Event]:
        chance = self._chance
        slow = 4.0 if chance.random() < 0.02 else 1.0  # noqa: PLR2004 - one of fifty.
        usage = Usage(
            input_tokens=400 + 350 * step,
            output_tokens=chance.randint(5, 400),
            cached_tokens=350 * (step - 1),
        )
        yield events.CompletionReceived(
            step=step,
            text=self._text(40),
            model=model.partition(":")[2],
            stop_reason="tool_calls" if asks else "end",
            usage=usage,
            cost_micro_usd=_cost(model, usage),
            latency_ms=round(slow * chance.lognormvariate(6.5, 0.6), 3),
            prompt_digest="0" * 64,
        )
        for index in range(chance.choices((1, 2, 3), (6, 3, 1))[0] if asks else 0):
            yield from self._call(f"{step}.{index}")

    def _call(self, call_id: str) -> Iterator[Event]:
        chance = self._chance
        tool = chance.choice(tuple(TOOLS))
        yield events.ToolCalled(call_id=call_id, tool=tool, arguments={"about": self._text(3)})
        failed = chance.random() < TOOLS[tool]
        yield events.ToolReturned(
            call_id=call_id,
            ok=not failed,
            observation=f'{{"ok":{"false" if failed else "true"},"data":"{self._text(25)}"}}',
            kind=chance.choice(KINDS) if failed else None,
            latency_ms=round(chance.lognormvariate(3, 1), 3),
        )

    def _end(self, step: int, session: str) -> Iterator[Event]:
        chance, ends = self._chance, self._chance.random()
        if ends < 0.04:  # noqa: PLR2004 - shares of a hundred, here and below.
            yield events.CompletionFailed(step=step + 1, code="overloaded", detail="529")
            yield events.SessionPaused(cause="provider", detail="The provider is overloaded.")
        elif ends < 0.09:  # noqa: PLR2004
            yield events.SessionFailed(cause="out_of_steps", detail=f"{step} of {step} steps")
        elif ends < 0.11:  # noqa: PLR2004
            yield events.SessionCancelled(reason=f"{session[-4:]} is not needed any more")
        elif ends < 0.14:  # noqa: PLR2004
            approved = chance.random() < 0.8  # noqa: PLR2004
            call_id = f"{step}.0"
            yield events.ToolCalled(
                call_id=call_id, tool="pay", arguments={}, effect=Effect.AT_MOST_ONCE
            )
            yield events.ApprovalRequested(call_ids=(call_id,))
            yield events.ApprovalDecided(call_id=call_id, approved=approved, reason="as agreed")
            yield events.ToolReturned(call_id=call_id, ok=approved, observation='{"ok":true}')
            yield events.SessionCompleted(answer=self._text(12))
        else:
            yield events.SessionCompleted(answer=self._text(12))

    def _kept(self, agent_id: str, at: datetime) -> Iterator[tuple[str, Event]]:
        """What becomes of the agent's memory and graph meanwhile."""
        chance, memory, graph = self._chance, memory_stream(agent_id), graph_stream(agent_id)
        if chance.random() < 0.5:  # noqa: PLR2004 - shares of a hundred, here and below.
            yield memory, self._episode(at)
        if chance.random() < 0.2:  # noqa: PLR2004
            key = f"{chance.choice(_WORDS)}-{chance.randint(1, 40)}"
            yield memory, events.FactStored(key=key, value=self._text(6))
        kept = self._episodes.get(agent_id, [])
        if len(kept) > EPISODES_LEAST and chance.random() < 0.1:  # noqa: PLR2004
            yield memory, events.EpisodeForgotten(id=str(kept.pop(0)[0]), reason="out of date")
        if chance.random() < 0.5:  # noqa: PLR2004
            yield from ((graph, fact) for fact in self._learned(agent_id))

    def _episode(self, at: datetime) -> Event:
        chance = self._chance
        return events.EpisodeRecorded(
            content=self._text(20),
            importance=round(chance.random(), 3),
            timestamp=at,
            tags=(chance.choice(_WORDS),),
            embedding=tuple(round(chance.gauss(0, 1), 3) for _ in range(DIMENSIONS)),
        )

    def _learned(self, agent_id: str) -> Iterator[Event]:
        number = self._entities.get(agent_id, 0) + 1
        self._entities[agent_id] = number
        yield events.EntityPut(id=f"thing-{number}", label=self._chance.choice(_WORDS))
        if number > 1:
            other = f"thing-{self._chance.randint(1, number - 1)}"
            yield events.RelationshipPut(source=f"thing-{number}", target=other, kind="near")

    def _recalled(
        self, agent_id: str, query: str, found: list[tuple[UUID, str, datetime]], at: datetime
    ) -> Event:
        items = tuple(
            RecalledItem(
                id=str(id_),
                kind="episode",
                content=content,
                score=round(self._chance.random(), 6),
                parts={},
                importance=0.5,
                timestamp=happened,
            )
            for id_, content, happened in found
        )
        version = self._heads[memory_stream(agent_id)]
        return events.MemoryRecalled(
            query=query, policy=MemoryPolicy(), version=version, at=at, items=items
        )

    def _prompt(self) -> str:
        drawn = self._chance.random()
        if drawn < 0.002:  # noqa: PLR2004 - one of five hundred is odd.
            return ODD
        return self._text(HUGE_CHARACTERS // 6 if drawn > 0.9999 else 12)  # noqa: PLR2004

    def _text(self, words: int) -> str:
        return " ".join(self._chance.choices(_WORDS, k=words))


def _cost(model: str, usage: Usage) -> int | None:
    """As if tokens had made-up prices; a model of one's own has none."""
    if model.startswith("local:"):
        return None
    fresh = usage.input_tokens - usage.cached_tokens
    return 3 * fresh + usage.cached_tokens // 3 + 15 * usage.output_tokens


def _spec(name: str) -> ToolSpec:
    parameters = {"type": "object", "properties": {"about": {"type": "string"}}}
    return ToolSpec(
        name=name, description=f"Does {name}.", parameters=parameters, effect=Effect.PURE
    )
