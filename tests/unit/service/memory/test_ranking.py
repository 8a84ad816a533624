"""Which memory comes before which: each policy against its formula, written out anew."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.events import MemoryPolicy, RecallPolicy
from service.memory.ranking import Candidate, rank, spread, standing_out

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def candidate(entry: int, **rest: Any) -> Candidate:
    given = {"kind": "episode", "importance": 0.5, "timestamp": NOW, **rest}
    return Candidate(entry=entry, **given)


def policy(kind: str = "relevance", half_life_hours: float | None = None, **rest: Any):
    recall = RecallPolicy(policy=kind, **rest)  # type: ignore[arg-type]
    return MemoryPolicy(recall=recall, half_life_hours=half_life_hours)


PLAIN = policy(
    lexical_weight=0.6, recency_floor=1, frequency_gain=0, importance_gain=0, neighbour_weight=0
)
"""Relevance and nothing else."""


def scores(candidates: list[Candidate], how: MemoryPolicy) -> dict[int, float]:
    return {ranked.entry: ranked.score for ranked in rank(candidates, how, NOW)}


def entries(candidates: list[Candidate], how: MemoryPolicy) -> list[int]:
    return [ranked.entry for ranked in rank(candidates, how, NOW)]


# ---------------------------------------------------------------------------------- the seed's ---


def test_importance_is_what_is_left_of_it():
    one = candidate(1, importance=0.8, timestamp=NOW - 24 * HOUR)

    assert scores([one], policy("importance", 24)) == {1: 0.4}
    assert scores([one], policy("importance")) == {1: 0.8}


def test_hybrid_by_hand():
    how = policy("hybrid", recency_weight=0.5, frequency_weight=0.2)
    one = candidate(1, importance=0.8, timestamp=NOW - 24 * HOUR, recall_count=2)
    two = candidate(2, importance=0.1, recall_count=4)

    (first, second) = rank([one, two], how, NOW)

    assert first.parts == {"importance": 0.8, "recency": 0.18394, "frequency": 0.08}
    assert first.score == pytest.approx(0.8 + 0.5 / math.e + 0.2 * 2 / 5, abs=1e-6)
    assert second.score == pytest.approx(0.1 + 0.5 + 0.2 * 4 / 5, abs=1e-6)


def test_the_highest_count_is_the_agents_not_that_of_what_was_found():
    how = policy("hybrid", frequency_weight=1)
    (one,) = rank([candidate(1, importance=0, recall_count=3)], how, NOW, max_recall_count=11)

    assert one.score == 0.25


def test_a_memory_never_recalled_has_no_frequency():
    assert scores([candidate(1, importance=0)], policy("hybrid", frequency_weight=1)) == {1: 0}


@pytest.mark.parametrize("kind", ["importance", "hybrid"])
def test_facts_take_no_part_in_the_seeds_policies(kind: str):
    assert entries([candidate(1, kind="fact"), candidate(2)], policy(kind)) == [2]


@pytest.mark.parametrize("kind", ["importance", "hybrid", "relevance"])
def test_of_equals_the_older_comes_first(kind: str):
    """Whatever is equal to a millionth is equal."""
    close = [candidate(n, importance=0.5 - n * 1e-9) for n in (3, 1, 2)]

    assert entries(close, policy(kind)) == [1, 2, 3]


def test_decay_and_hybrid_combine():
    """In the seed options excluded each other."""
    how = policy("hybrid", 24, recency_weight=1, tau_hours=48)
    one = candidate(1, importance=0.8, timestamp=NOW - 48 * HOUR)

    assert scores([one], how) == {1: round(0.2 + math.exp(-1), 6)}


# ----------------------------------------------------------------------------------- relevance ---


def test_words_and_meaning_are_stretched_and_weighed():
    found = [
        candidate(1, bm25=8.0, cosine=0.2),
        candidate(2, bm25=2.0, cosine=0.9),
        candidate(3, bm25=0.0, cosine=0.55),
    ]

    assert scores(found, PLAIN) == {1: 0.6, 2: 0.55, 3: 0}


def test_only_what_is_more_alike_than_most_is_alike():
    found = [candidate(n, cosine=cosine) for n, cosine in enumerate((0.1, 0.2, 0.3, 0.6))]

    assert scores(found, PLAIN) == {0: 0, 1: 0, 2: 0, 3: 1}
    assert standing_out([0.1, 0.2, 0.3, 0.6, None]) == [0, 0, 0, 1, 0]
    assert standing_out([0.0, 0.4, 0.6, 1.0]) == pytest.approx([0, 0, 0.2, 1])


def test_words_count_less_where_the_best_text_has_few_of_the_querys():
    found = [candidate(1, bm25=4.0, cosine=0.1), candidate(2, cosine=0.9)]

    def share_of_words(bm25_of_all_words: float) -> float:
        ranked = rank(found, PLAIN, NOW, bm25_of_all_words=bm25_of_all_words)
        return {one.entry: one.parts["words"] for one in ranked}[1]

    assert share_of_words(16.0) == pytest.approx(PLAIN.recall.lexical_weight / 2, abs=1e-6)
    assert share_of_words(3.0) == share_of_words(0.0) == PLAIN.recall.lexical_weight


def test_where_no_vectors_are_words_have_the_whole_share():
    assert scores([candidate(1, bm25=4), candidate(2, bm25=1), candidate(3)], PLAIN) == {
        1: 1,
        2: 0.25,
        3: 0,
    }


def test_where_no_words_fit_meaning_has_the_whole_share():
    found = [candidate(1, cosine=-0.5), candidate(2, cosine=0.5), candidate(3)]

    assert scores(found, PLAIN) == {1: 0, 2: 1, 3: 0}


def test_what_has_no_vector_yet_is_found_by_its_words():
    found = [candidate(1, bm25=4), candidate(2, bm25=2, cosine=0.9), candidate(3, cosine=0.1)]

    assert scores(found, PLAIN) == {1: 0.6, 2: 0.7, 3: 0}


@pytest.mark.parametrize(
    ("one", "score"),
    [
        ({"bm25": 3.0}, 1),
        ({"cosine": 0.3}, 1),
        ({"cosine": -0.3}, 0),
        ({"cosine": 0.0}, 0),
        ({"bm25": 3.0, "cosine": 0.3}, 1),
        ({"bm25": 3.0, "cosine": -0.3}, 0.6),
        ({}, 1),
    ],
)
def test_a_single_candidate_has_all_or_nothing(one: dict[str, float], score: float):
    assert scores([candidate(1, **one)], PLAIN) == {1: score}


def test_equal_candidates_all_have_all():
    assert scores([candidate(n, bm25=2.5, cosine=0.5) for n in (1, 2)], PLAIN) == {1: 1, 2: 1}


def test_nothing_found_is_nothing_ranked():
    for kind in ("relevance", "importance", "hybrid"):
        assert rank([], policy(kind), NOW) == []


def test_a_neighbour_in_the_same_session_lends_half_of_its_relevance():
    found = [
        candidate(1, session="s", ordinal=1, bm25=1),
        candidate(2, session="s", ordinal=2, bm25=4),
        candidate(3, session="s", ordinal=3),
        candidate(4, session="s", ordinal=4),
        candidate(5, session="other", ordinal=3),
        candidate(6),
    ]
    how = policy(recency_floor=1, frequency_gain=0, importance_gain=0)

    assert scores(found, how) == {1: 0.75, 2: 1.125, 3: 0.5, 4: 0, 5: 0, 6: 0}


def test_the_factors_by_hand():
    one = candidate(
        1,
        bm25=1,
        importance=1,
        timestamp=NOW - 24 * HOUR,
        recall_count=20,
        recalled_at=NOW,
    )

    (ranked,) = rank([one], policy(half_life_hours=24), NOW)

    assert ranked.parts == {
        "words": 1,
        "meaning": 0,
        "neighbours": 0,
        "recency": 0.95,
        "frequency": 1.1,
        "importance": 1.2,
    }
    assert ranked.score == pytest.approx(0.95 * 1.1 * 1.2, abs=1e-6)


def test_counts_of_long_ago_have_faded_too():
    recalled = [
        candidate(n, bm25=1, recall_count=6, recalled_at=NOW - idle * HOUR)
        for n, idle in ((1, 0), (2, 24), (3, -5))
    ]
    ranked = rank(recalled, policy(half_life_hours=24), NOW)
    after = {one.entry: one.parts["frequency"] for one in ranked}

    assert after[1] == after[3] == round(1 + 0.1 * math.log(7) / math.log(21), 6)
    assert after[2] == round(1 + 0.1 * math.log(4) / math.log(21), 6)


def test_more_recalls_than_twenty_make_no_difference():
    often = [candidate(n, bm25=1, recall_count=n) for n in (20, 1000)]

    assert scores(often, policy()) == {20: 1.1, 1000: 1.1}


def test_without_a_query_only_the_factors_count():
    ranked = rank([candidate(1, importance=1), candidate(2)], policy(), NOW)

    assert [(one.entry, one.score) for one in ranked] == [(1, 1.2), (2, 1)]
    assert ranked[0].parts == {"recency": 1, "frequency": 1, "importance": 1.2}


# --------------------------------------------------------------------------------------- models ---


@dataclass
class Weighed:
    one: Candidate
    relevance: float = 0


def model_of_relevance(
    candidates: list[Candidate], how: MemoryPolicy, all_words: float
) -> dict[int, float]:
    weights, half = how.recall, how.half_life_hours or math.inf
    vectors = [one.cosine for one in candidates if one.cosine is not None]
    words = [one.bm25 for one in candidates]

    middle = sum(vectors) / len(vectors) if vectors else 0

    def above(value: float) -> float:
        if max(vectors) <= max(min(vectors), middle):
            return 1 if value > 0 else 0
        return max(0, value - middle) / (max(vectors) - middle)

    def minmax(value: float, among: list[float]) -> float:
        if max(among) == min(among):
            return 1 if value > 0 else 0
        return (value - min(among)) / (max(among) - min(among))

    has_words, has_vectors = max(words, default=0) > 0, bool(vectors)
    share = weights.lexical_weight if has_words and has_vectors else 1.0 * has_words
    heard = min(1, max(words, default=0) / all_words) ** 0.5 if all_words else 1
    all_of_them = [Weighed(one) for one in candidates]
    for it in all_of_them:
        lexical = minmax(it.one.bm25, words)
        meant = 0.0 if it.one.cosine is None else above(it.one.cosine)
        it.relevance = share * heard * lexical + (1 - share) * meant

    result = {}
    for it in all_of_them:
        beside = [
            other.relevance
            for other in all_of_them
            if it.one.ordinal is not None
            and other.one.ordinal is not None
            and other.one.session == it.one.session is not None
            and abs(other.one.ordinal - it.one.ordinal) == 1
        ]
        context = it.relevance + weights.neighbour_weight * max(beside, default=0)
        if not has_words and not has_vectors:
            context = 1
        age = max(0, (NOW - it.one.timestamp) / HOUR)
        idle = max(0, (NOW - (it.one.recalled_at or NOW)) / HOUR)
        effective = it.one.recall_count * 2 ** (-idle / half)
        result[it.one.entry] = (
            context
            * (weights.recency_floor + (1 - weights.recency_floor) * 2 ** (-age / half))
            * (1 + weights.frequency_gain * min(1, math.log(1 + effective) / math.log(21)))
            * (1 + weights.importance_gain * (it.one.importance - 0.5))
        )
    return result


def model_of_hybrid(candidates: list[Candidate], how: MemoryPolicy) -> dict[int, float]:
    weights, half = how.recall, how.half_life_hours or math.inf
    episodes = [one for one in candidates if one.kind == "episode"]
    most = max([1, *(one.recall_count for one in candidates)])
    result = {}
    for one in episodes:
        age = max(0, (NOW - one.timestamp) / HOUR)
        result[one.entry] = one.importance * 2 ** (-age / half)
        if weights.policy == "hybrid":
            result[one.entry] += weights.recency_weight * math.exp(-age / weights.tau_hours)
            result[one.entry] += weights.frequency_weight * one.recall_count / (most + 1)
    return result


SHARES = st.floats(0, 1)
MOMENTS = st.floats(-100, 5000).map(lambda hours: NOW - hours * HOUR)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(1, 8))
    places = draw(
        st.lists(
            st.tuples(st.sampled_from([None, "s", "t"]), st.none() | st.integers(1, 5)),
            min_size=count,
            max_size=count,
            unique_by=lambda place: place if None not in place else object(),
        )
    )
    return [
        Candidate(
            entry=n,
            kind=draw(st.sampled_from(["episode", "fact"])),
            importance=draw(SHARES),
            timestamp=draw(MOMENTS),
            recall_count=draw(st.integers(0, 50)),
            recalled_at=draw(st.none() | MOMENTS),
            session=session,
            ordinal=ordinal,
            bm25=draw(st.just(0.0) | st.floats(0.001, 30)),
            cosine=draw(st.none() | st.floats(-1, 1)),
        )
        for n, (session, ordinal) in enumerate(draw(st.permutations(places)))
    ]


POLICIES = st.builds(
    MemoryPolicy,
    half_life_hours=st.none() | st.floats(0.1, 1e5),
    recall=st.builds(
        RecallPolicy,
        policy=st.sampled_from(["relevance", "importance", "hybrid"]),
        recency_weight=st.floats(0, 100),
        frequency_weight=st.floats(0, 100),
        tau_hours=st.floats(0.1, 1e5),
        lexical_weight=SHARES,
        neighbour_weight=st.floats(0, 100),
        recency_floor=SHARES,
        frequency_gain=st.floats(0, 100),
        importance_gain=st.floats(0, 2),
    ),
)


@settings(deadline=None, max_examples=300)
@given(candidates(), POLICIES, st.just(0.0) | st.floats(0.1, 100))
def test_scores_are_those_of_the_formula(
    found: list[Candidate], how: MemoryPolicy, all_words: float
):
    if how.recall.policy == "relevance":
        model = model_of_relevance(found, how, all_words)
    else:
        model = model_of_hybrid(found, how)

    ranked = rank(found, how, NOW, bm25_of_all_words=all_words)
    assert {one.entry: one.score for one in ranked} == pytest.approx(model, rel=1e-6, abs=2e-6)


@settings(deadline=None)
@given(candidates(), POLICIES, st.randoms())
def test_the_order_is_by_score_and_age_whatever_came_first(
    found: list[Candidate], how: MemoryPolicy, chance: Any
):
    ranked = rank(found, how, NOW)
    chance.shuffle(found)

    assert [(-one.score, one.entry) for one in ranked] == sorted(
        (-one.score, one.entry) for one in ranked
    )
    assert rank(found, how, NOW) == ranked


@settings(deadline=None)
@given(candidates(), POLICIES)
def test_the_parts_make_up_the_score(found: list[Candidate], how: MemoryPolicy):
    for one in rank(found, how, NOW):
        parts = one.parts
        redone = sum(parts.values())
        if how.recall.policy == "relevance":
            redone = parts["recency"] * parts["frequency"] * parts["importance"]
            if "words" in parts:
                redone *= parts["words"] + parts["meaning"] + parts["neighbours"]
        assert one.score == pytest.approx(redone, rel=1e-4, abs=1e-3)


@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1))
def test_stretched_values_fill_the_range_from_0_to_1(values: list[float | None]):
    stretched = spread(values)
    known = [value for value in values if value is not None]

    assert all(0 <= value <= 1 for value in stretched)
    if len(set(known)) > 1:
        assert stretched[values.index(max(known))] == 1
        assert stretched[values.index(min(known))] == 0
