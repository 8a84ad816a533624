"""Which memory comes before which: three policies, each a score that a person can redo."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import repeat
from typing import Final, Literal

from msgspec import Struct

from schema.events import MemoryPolicy
from service.memory.decay import age_hours, decayed, faded

OFTEN: Final = math.log(21)
"""Twenty recalls are often; more make no difference to `relevance`."""


RELEVANCE: Final = ("recency", "frequency", "importance", "words", "meaning", "neighbours")
"""Without a query, only the first three."""
IMPORTANCE: Final = ("importance",)
NEARNESS: Final = ("cosine",)
HYBRID: Final = ("importance", "recency", "frequency")


class Candidate(Struct, frozen=True, kw_only=True, gc=False):
    """What a score is made of."""

    entry: int
    kind: Literal["episode", "fact"]
    importance: float
    """As it was recorded."""
    timestamp: datetime
    recall_count: int = 0
    recalled_at: datetime | None = None
    """The last time."""
    session: str | None = None
    ordinal: int | None = None
    """Its place among the episodes of its session."""
    bm25: float = 0.0
    cosine: float | None = None
    """None where there is no vector to compare."""


class Ranked(Struct, frozen=True, gc=False):
    """A candidate with its score, which is the sum or the product of its parts."""

    entry: int
    score: float
    names: tuple[str, ...]
    exact: tuple[float, ...]
    """The parts before they are rounded."""

    @property
    def parts(self) -> dict[str, float]:
        """Each part by its name; made when asked for, as few of many candidates are shown."""
        return {name: rounded(part) for name, part in zip(self.names, self.exact, strict=False)}


def rank(
    candidates: Sequence[Candidate],
    policy: MemoryPolicy,
    at: datetime,
    *,
    max_recall_count: int = 1,
    bm25_of_all_words: float = 0.0,
) -> list[Ranked]:
    """All of *candidates*, the best first and of equals the older; as of *at*.

    `importance` and `hybrid` know nothing of facts and leave them out. *max_recall_count* is the
    highest of the agent's. *bm25_of_all_words* is the sum of the weights of the query's words, of
    those too that no memory has; 0 where it is not known.
    """
    match policy.recall.policy:
        case "relevance":
            scored = _by_relevance(candidates, policy, at, bm25_of_all_words)
        case "importance":
            scored = _by_importance(candidates, policy, at)
        case "hybrid":
            scored = _by_hybrid(candidates, policy, at, max_recall_count)
    return sorted(scored, key=lambda ranked: (-ranked.score, ranked.entry))


def by_nearness(candidates: Sequence[Candidate]) -> list[Ranked]:
    """Those of *candidates* that have a vector, by their cosine from -1 to 1, the highest first."""
    scored = [
        Ranked(candidate.entry, rounded(candidate.cosine), NEARNESS, (candidate.cosine,))
        for candidate in candidates
        if candidate.cosine is not None
    ]
    return sorted(scored, key=lambda ranked: (-ranked.score, ranked.entry))


def rounded(value: float) -> float:
    """*value* to 1e-6; what comes behind is not the same on every machine."""
    return round(value * 1e6) / 1e6


def spread(values: Sequence[float | None]) -> list[float]:
    """*values* stretched from 0 (the least) to 1 (the most); None, which is no value, is 0.

    Where all are equal there is nothing to stretch: then they are 1, unless they are 0 or less.
    """
    known = [value for value in values if value is not None]
    least, most = min(known, default=0.0), max(known, default=0.0)
    if least == most:
        return [float(value is not None and value > 0) for value in values]
    width = most - least
    return [0.0 if value is None else (value - least) / width for value in values]


def standing_out(values: Sequence[float | None]) -> list[float]:
    """*values* stretched from 0 (their mean, and whatever is less) to 1 (the most); None is 0.

    A vector has some likeness with every other: what is like the query as anything is, is not.
    """
    known = [value for value in values if value is not None]
    if not known or min(known) == max(known):
        return spread(values)
    mean = math.fsum(known) / len(known)
    return spread([None if value is None else max(value, mean) for value in values])


def _by_relevance(
    candidates: Sequence[Candidate], policy: MemoryPolicy, at: datetime, bm25_of_all_words: float
) -> Iterator[Ranked]:
    """`(words + meaning + neighbours) · recency · frequency · importance`.

    Without a query there is nothing to be relevant to: then only the factors count.
    """
    terms = _terms(candidates, policy, bm25_of_all_words)
    for candidate, fitting in zip(candidates, terms or repeat(()), strict=False):
        factors = _factors(candidate, policy, at)
        recency, frequency, importance = factors
        score = recency * frequency * importance
        if fitting:
            words, meaning, neighbours = fitting
            score *= words + meaning + neighbours
        yield Ranked(candidate.entry, rounded(score), RELEVANCE, (*factors, *fitting))


def _terms(
    candidates: Sequence[Candidate], policy: MemoryPolicy, bm25_of_all_words: float
) -> list[tuple[float, float, float]]:
    """How the words and the meaning of each fit the query, and what its best neighbour lends it.

    Nothing where nothing was compared with a query. Where only words were, or only meanings, they
    have the whole share.
    """
    by_words = any(candidate.bm25 > 0 for candidate in candidates)
    by_meaning = any(candidate.cosine is not None for candidate in candidates)
    if not by_words and not by_meaning:
        return []
    share = policy.recall.lexical_weight if by_words and by_meaning else float(by_words)
    heard = share * _heard(candidates, bm25_of_all_words)
    words = [heard * part for part in spread([c.bm25 for c in candidates])]
    meaning = [(1 - share) * part for part in standing_out([c.cosine for c in candidates])]
    lent = _lent(candidates, list(map(float.__add__, words, meaning)))
    weight = policy.recall.neighbour_weight
    return [
        (first, second, weight * third)
        for first, second, third in zip(words, meaning, lent, strict=True)
    ]


def _heard(candidates: Sequence[Candidate], bm25_of_all_words: float) -> float:
    """How far the words count, from 0 to 1: less where the best text has few of the query's."""
    if bm25_of_all_words <= 0:
        return 1.0
    best = max(candidate.bm25 for candidate in candidates)
    return math.sqrt(min(1.0, best / bm25_of_all_words))


def _lent(candidates: Sequence[Candidate], relevance: Sequence[float]) -> Iterator[float]:
    """The relevance of each one's more relevant neighbour in its session."""
    placed = {
        (candidate.session, candidate.ordinal): own
        for candidate, own in zip(candidates, relevance, strict=True)
    }
    for candidate in candidates:
        session, ordinal = candidate.session, candidate.ordinal
        if session is None or ordinal is None:
            yield 0.0
        else:
            before = placed.get((session, ordinal - 1), 0.0)
            yield max(before, placed.get((session, ordinal + 1), 0.0))


def _factors(
    candidate: Candidate, policy: MemoryPolicy, at: datetime
) -> tuple[float, float, float]:
    """How new, how often recalled and how important it is, whatever was asked; all bounded."""
    recall, half_life = policy.recall, policy.half_life_hours
    fresh, recalls = 1.0, float(candidate.recall_count)
    if half_life is not None:
        fresh = faded(age_hours(candidate.timestamp, at), half_life)
        if candidate.recalled_at is not None:
            recalls *= faded(age_hours(candidate.recalled_at, at), half_life)
    return (
        recall.recency_floor + (1 - recall.recency_floor) * fresh,
        1 + recall.frequency_gain * min(1.0, math.log1p(recalls) / OFTEN),
        1 + recall.importance_gain * (candidate.importance - 0.5),
    )


def _by_importance(
    candidates: Sequence[Candidate], policy: MemoryPolicy, at: datetime
) -> Iterator[Ranked]:
    """The seed's `Importance`: what is left of it."""
    for candidate, _, importance in _episodes(candidates, policy, at):
        yield Ranked(candidate.entry, rounded(importance), IMPORTANCE, (importance,))


def _by_hybrid(
    candidates: Sequence[Candidate], policy: MemoryPolicy, at: datetime, max_recall_count: int
) -> Iterator[Ranked]:
    """The seed's `Hybrid`: `importance + recency + frequency`."""
    recall = policy.recall
    most = max(1, max_recall_count, *(candidate.recall_count for candidate in candidates))
    for candidate, age, importance in _episodes(candidates, policy, at):
        recency = recall.recency_weight * math.exp(-age / recall.tau_hours)
        frequency = recall.frequency_weight * candidate.recall_count / (most + 1)
        terms = (importance, recency, frequency)
        yield Ranked(candidate.entry, rounded(importance + recency + frequency), HYBRID, terms)


def _episodes(
    candidates: Sequence[Candidate], policy: MemoryPolicy, at: datetime
) -> Iterator[tuple[Candidate, float, float]]:
    """Each episode with its age in hours and with what is left of its importance."""
    for candidate in candidates:
        if candidate.kind == "episode":
            age = age_hours(candidate.timestamp, at)
            yield candidate, age, decayed(candidate.importance, age, policy.half_life_hours)
