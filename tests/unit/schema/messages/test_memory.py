"""What is sent to remember and to search: what it takes, and what it refuses by its name."""

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from eventlog.members import StreamAppend, prepare
from schema import events
from schema.envelope import AT_HEAD, Metadata
from schema.errors import Invalid, NotFinite
from schema.events import MemoryPolicy, RecallPolicy
from schema.ids import memory_stream
from schema.messages.checked import checked
from schema.messages.memory import (
    MemorySettings,
    NoteWorking,
    RecallSettings,
    RememberEpisode,
    SearchMemory,
    StoreFact,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAST: dict[type[BaseModel], dict[str, Any]] = {
    RememberEpisode: {"content": "x"},
    StoreFact: {"key": "k", "value": "x"},
    NoteWorking: {"key": "k", "value": "x"},
    SearchMemory: {},
    MemorySettings: {},
}
VECTORS: list[tuple[dict[str, Any], str]] = [
    ({"embedding": []}, "embedding"),
    ({"embedding": [0.0, 0.0]}, "embedding"),
    ({"embedding": [1e-30, 0.0]}, "embedding"),
    ({"embedding": [1e30]}, "embedding"),
    ({"embedding": [1.0] * 2001}, "embedding"),
    ({"embedding": ["a"]}, "embedding.0"),
]
TAGS: list[tuple[dict[str, Any], str]] = [
    ({"tags": ["x" * 10_000]}, "tags.0"),
    ({"tags": ["a", " "]}, "tags.1"),
    ({"tags": [""]}, "tags.0"),
    ({"tags": [str(n) for n in range(33)]}, "tags"),
    ({"tags": "a"}, "tags"),
]
REFUSED: dict[type[BaseModel], list[tuple[dict[str, Any], str]]] = {
    RememberEpisode: [
        ({"content": ""}, "content"),
        ({"content": "é" * 32_769}, "content"),
        ({"content": 7}, "content"),
        ({"importance": "much"}, "importance"),
        ({"timestamp": "2026-01-01T00:00:00"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "timestamp"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"session": ""}, "session"),
        ({"session": "s" * 201}, "session"),
        ({"contents": "x"}, "contents"),
        *VECTORS,
        *TAGS,
    ],
    StoreFact: [
        ({"key": ""}, "key"),
        ({"key": " \n"}, "key"),
        ({"key": "k" * 257}, "key"),
        ({"key": "a\x00b"}, "key"),
        ({"key": "a\ud800b"}, "key"),
        ({"value": "v" * 65_537}, "value"),
        *VECTORS,
        *TAGS,
    ],
    NoteWorking: [
        ({"key": " "}, "key"),
        ({"key": "\udfff"}, "key"),
        ({"value": "v" * 8193}, "value"),
    ],
    SearchMemory: [
        ({"query": "q" * 8193}, "query"),
        ({"tags_match": "some"}, "tags_match"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "until"),
        ({"min_importance": 1.1}, "min_importance"),
        ({"max_age_hours": 0}, "max_age_hours"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["graph"]}, "kinds.0"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"policy": {"policy": "newest"}}, "policy.policy"),
        ({"policy": "newest"}, "policy.policy"),
        ({"policy": 7}, "policy"),
        ({"min_score": "high"}, "min_score"),
        ({"as_of": -1}, "as_of"),
        ({"as_of": ""}, "as_of"),
        ({"as_of": True}, "as_of"),
        ({"as_of": "x" * 201}, "as_of"),
        *VECTORS,
        *TAGS,
    ],
    MemorySettings: [
        ({"capacity": 0}, "capacity"),
        ({"capacity": 1_000_001}, "capacity"),
        ({"eviction": "newest"}, "eviction"),
        ({"half_life_hours": 0}, "half_life_hours"),
        ({"half_life_hours": -1}, "half_life_hours"),
        ({"max_age_hours": 0}, "max_age_hours"),
        ({"max_memory_recalls": -1}, "max_memory_recalls"),
        ({"max_memory_recalls": 101}, "max_memory_recalls"),
        ({"max_memory_tokens": 0}, "max_memory_tokens"),
        ({"working_capacity": 0}, "working_capacity"),
        ({"working_capacity": 257}, "working_capacity"),
        ({"recall": {"policy": "hybrid", "recency_weight": -1}}, "recall.recency_weight"),
        ({"recall": {"frequency_weight": 101}}, "recall.frequency_weight"),
        ({"recall": {"tau_hours": 0}}, "recall.tau_hours"),
        ({"recall": {"lexical_weight": 1.1}}, "recall.lexical_weight"),
        ({"recall": {"recency_floor": -0.1}}, "recall.recency_floor"),
        ({"recall": {"importance_gain": 2.1}}, "recall.importance_gain"),
        ({"recall": {"relevance": 1}}, "recall.relevance"),
        ({"recall": "newest"}, "recall.policy"),
        ({"recall": ["hybrid"]}, "recall"),
        ({"recall": None}, "recall"),
    ],
}


@pytest.mark.parametrize(
    ("message", "values", "field"),
    [(message, values, field) for message, all_of in REFUSED.items() for values, field in all_of],
)
def test_what_cannot_be_is_refused_by_its_field(
    message: type[BaseModel], values: dict[str, Any], field: str
):
    with pytest.raises(Invalid) as refused:
        checked(message, {**LEAST[message], **values})

    assert refused.value.field == field
    assert re.search("[A-Z][a-z]+[A-Z]", refused.value.detail) is None  # No class of ours.


@pytest.mark.parametrize("said", ["x", 7, None, ["policy"], object()])
@pytest.mark.parametrize("message", [*LEAST, RecallSettings])
def test_what_is_no_object_is_refused_without_a_class_of_ours(
    message: type[BaseModel], said: object
):
    with pytest.raises(ValidationError, match="is no JSON object") as refused:
        message.model_validate(said)

    assert message.__name__ not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("someday", "'someday' is no time as 2026-01-31T12:00:00Z"),
        ("2026-13-01T00:00:00Z", "'2026-13-01T00:00:00Z' is no time as 2026-01-31T12:00:00Z"),
        ("2026-01-01T00:00", "'2026-01-01T00:00' has no zone: write 2026-01-31T12:00:00Z"),
        ("2026-01-01", "'2026-01-01' has no zone"),
        ([2026], "it is no time as"),
        ("x" * 1000, f"'{'x' * 40}' is no time"),
    ],
)
def test_what_is_no_time_is_told_how_one_is_written(said: object, told: str):
    for message, field in ((RememberEpisode, "timestamp"), (SearchMemory, "since")):
        with pytest.raises(Invalid) as refused:
            checked(message, {**LEAST[message], field: said})

        assert refused.value.field == field
        assert refused.value.detail.startswith(told)


def test_a_policy_may_be_said_by_its_name_alone():
    settings = checked(MemorySettings, {"recall": "hybrid"})

    assert settings == checked(MemorySettings, {"recall": {"policy": "hybrid"}})
    assert checked(SearchMemory, {"policy": "importance"}).policy == RecallSettings(
        policy="importance"
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (RememberEpisode, "importance"),
        (SearchMemory, "min_importance"),
        (SearchMemory, "max_age_hours"),
        (SearchMemory, "min_score"),
        (MemorySettings, "half_life_hours"),
        (MemorySettings, "max_age_hours"),
        (RecallSettings, "recency_weight"),
        (RecallSettings, "frequency_weight"),
        (RecallSettings, "tau_hours"),
        (RecallSettings, "importance_gain"),
    ],
)
def test_what_is_no_number_is_refused_by_name(message: type[BaseModel], field: str, number: float):
    """The seed let a NaN through."""
    with pytest.raises(NotFinite) as refused:
        checked(message, {**LEAST.get(message, {}), field: number})

    assert refused.value.field == field


@pytest.mark.parametrize("message", [RememberEpisode, StoreFact, SearchMemory])
def test_a_vector_with_a_component_that_is_no_number_is_refused(message: type[BaseModel]):
    with pytest.raises(NotFinite, match=r"embedding\.1"):
        checked(message, {**LEAST[message], "embedding": [1.0, math.nan]})


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_importance_is_taken_for_the_nearest_that_there_is(importance: float):
    said = checked(RememberEpisode, {"content": "x", "importance": importance})

    assert said.importance == sorted((0, importance, 1))[1]


def test_the_least_that_is_remembered():
    said = checked(RememberEpisode, {"content": "x"})

    assert said.as_event(NOW) == events.EpisodeRecorded(content="x", importance=0.5, timestamp=NOW)


def test_all_that_is_remembered_is_kept():
    said = checked(
        RememberEpisode,
        {
            "content": "x",
            "importance": 0.25,
            "tags": ["b", "a", "b"],
            "timestamp": "2025-01-01T01:00:00+01:00",
            "session": "s",
            "expires_at": "2027-01-01T00:00:00Z",
            "pinned": True,
            "embedding": [1, 0],
        },
    )

    assert said.as_event(NOW, "1.0") == events.EpisodeRecorded(
        content="x",
        importance=0.25,
        timestamp=datetime(2025, 1, 1, tzinfo=UTC),
        tags=("b", "a"),
        session="s",
        call_id="1.0",
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        pinned=True,
        embedding=(1.0, 0.0),
    )


def test_times_are_kept_in_one_zone():
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    said = checked(RememberEpisode, {"content": "x", "timestamp": east})

    assert said.timestamp == NOW
    assert said.timestamp.tzinfo is UTC


def test_all_that_is_stored_is_kept():
    values = {"key": "k", "value": "", "tags": ["a"], "expires_at": NOW, "embedding": [0.5]}

    assert checked(StoreFact, values).as_event("s", "1.0") == events.FactStored(
        key="k",
        value="",
        tags=("a",),
        session="s",
        call_id="1.0",
        expires_at=NOW,
        embedding=(0.5,),
    )


def test_what_is_noted_is_kept():
    assert checked(NoteWorking, {"key": "k", "value": ""}).as_event() == events.WorkingSet(
        key="k", value=""
    )


@given(st.text(st.characters(codec=None), min_size=1))
@example("\ud800")
@example("\0")
def test_any_text_can_be_remembered_and_looked_for(text: str):
    assert checked(RememberEpisode, {"content": text}).content == text
    assert checked(NoteWorking, {"key": "k", "value": text}).value == text
    assert checked(RememberEpisode, {"content": "x", "tags": ["t" + text[:99]]}).tags
    assert checked(RememberEpisode, {"content": "x", "session": text[:200]}).session == text[:200]
    assert checked(StoreFact, {"key": "k", "value": text}).value == text
    assert checked(SearchMemory, {"query": text}).query == text


async def test_the_most_that_is_remembered_fits_in_an_event():
    said = checked(
        RememberEpisode,
        {
            "content": "\0" * 65_536,
            "tags": [f"{n:02}" + "\0" * 126 for n in range(32)],
            "embedding": [-1.2345678901234567e-10] * 2000,
        },
    )

    prepare("ada", [StreamAppend(memory_stream("ada"), AT_HEAD, [said.as_event(NOW)])], Metadata())


@pytest.mark.parametrize("as_of", [0, 7, "2026-01-01T00:00:00Z", "session@7"])
def test_a_coordinate_is_a_version_or_a_text(as_of: int | str):
    assert checked(SearchMemory, {"as_of": as_of}).as_of == as_of


def test_the_least_that_is_searched_for_is_everything():
    search = checked(SearchMemory, {})

    assert (search.query, search.tags, search.limit) == (None, (), 10)
    assert set(search.kinds) == {"episode", "fact"}
    assert search.policy is None


def test_the_defaults_are_those_of_the_events():
    assert MemorySettings().as_shape() == MemoryPolicy()
    assert RecallSettings().as_shape() == RecallPolicy()
    for message, shape in ((MemorySettings, MemoryPolicy), (RecallSettings, RecallPolicy)):
        assert message.model_fields.keys() == {f.name for f in msgspec.structs.fields(shape)}


def test_settings_are_kept_as_they_were_sent():
    sent = {
        "capacity": 1000,
        "eviction": "oldest",
        "half_life_hours": 72,
        "recall": {"policy": "hybrid", "recency_weight": 0.5, "frequency_weight": 0.2},
    }

    assert checked(MemorySettings, sent).as_shape() == MemoryPolicy(
        capacity=1000,
        eviction=events.Eviction.OLDEST,
        half_life_hours=72,
        recall=RecallPolicy(policy="hybrid", recency_weight=0.5, frequency_weight=0.2),
    )


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(Invalid) as refused:
        checked(StoreFact, {"key": "k", "value": "a-secret" * 10_000})

    assert "a-secret" not in str(refused.value)
