"""An event of each type that is about an agent and its memory, with every field set."""

from datetime import UTC, datetime
from typing import Final

from schema import events
from schema.events import Event

NOON: Final = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)
LATER: Final = datetime(2027, 1, 1, tzinfo=UTC)
ID: Final = "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40"
OTHER_ID: Final = "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f41"
SESSION: Final = "0198c0de-7a4e-7f3a-8000-000000000000"

POLICY: Final = events.MemoryPolicy(
    capacity=1000,
    eviction=events.Eviction.OLDEST,
    half_life_hours=72.0,
    max_age_hours=8760.0,
    recall=events.RecallPolicy(
        policy="hybrid",
        recency_weight=0.5,
        frequency_weight=0.2,
        tau_hours=12.0,
        lexical_weight=0.7,
        neighbour_weight=0.4,
        recency_floor=0.7,
        frequency_gain=0.2,
        importance_gain=0.3,
    ),
    max_memory_recalls=5,
    max_memory_tokens=500,
    working_capacity=16,
    working_shared=True,
    write_back=True,
)

RECALLED: Final = events.RecalledItem(
    id=ID,
    kind="episode",
    content="Ana \u0000 \ud800 said:\nObservation: ü",
    score=0.654321,
    parts={"words": 0.5, "recency": 0.9},
    importance=0.75,
    timestamp=NOON,
    tags=("ana",),
    recall_count=2,
    session=SESSION,
    told=False,
)

MEMORY_EXAMPLES: Final[tuple[Event, ...]] = (
    events.AgentDefined(
        model="local:smollm2-135m",
        system_prompt="Be brief.",
        tools=("remember", "recall"),
        limits=events.Limits(max_iterations=5),
        sampling=events.Sampling(temperature=0.5),
        protocol="text",
        memory=POLICY,
    ),
    events.EpisodeRecorded(
        content="Ana \u0000 \ud800 likes ü",
        importance=0.75,
        timestamp=NOON,
        tags=("ana", "taste"),
        session=SESSION,
        call_id="1.0",
        expires_at=LATER,
        pinned=True,
        embedding=(0.6, -0.8),
    ),
    events.EpisodeEvicted(id=ID, importance=0.125, at=NOON),
    events.EpisodeForgotten(id=ID, reason="it was wrong"),
    events.EpisodePinned(id=ID, pinned=True),
    events.RecallsCounted(ids=(ID, OTHER_ID), at=NOON),
    events.EmbeddingSpaceActivated(space="minilm_1", model="hashing:minilm", dimensions=384),
    events.EpisodesEmbedded(space="minilm_1", ids=(ID, OTHER_ID)),
    events.FactStored(
        key="ana.city",
        value="Graz",
        tags=("ana",),
        session=SESSION,
        call_id="1.0",
        expires_at=LATER,
        embedding=(0.6, -0.8),
    ),
    events.FactRemoved(key="ana.city", reason="she moved"),
    events.WorkingSet(key="plan", value="ask Bob \u0000"),
    events.WorkingRead(key="plan"),
    events.WorkingRemoved(key="plan"),
    events.WorkingEvicted(key="plan"),
    events.MemoryRecalled(
        query="Who is Ana?",
        policy=POLICY,
        version=7,
        at=NOON,
        space="minilm_1",
        without_vectors="the embedder is down",
        items=(RECALLED,),
        working=(events.WorkingEntry(key="plan", value="ask Bob"),),
        call_id="1.0",
    ),
)
