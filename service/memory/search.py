"""Finds what an agent remembers, at a place of its mind: SQL brings candidates, Python ranks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from schema import events
from schema.events import MemoryPolicy, RecalledItem
from schema.row_text import projected
from service.memory.ann import Near, Prospect, nearest, prospect_of
from service.memory.ranking import Candidate, Ranked, by_nearness, rank
from service.memory.sending import fetch_by_vector, sent
from service.mind.place import Coordinate

if TYPE_CHECKING:
    from service.memory.embedder import Vector

ALLOWED: Final = statement(__package__, "allowed")
CANDIDATES: Final = statement(__package__, "candidates")
UNASKED: Final = statement(__package__, "unasked")
CONTENTS: Final = statement(__package__, "contents")

POOL: Final = 200
"""How many each leg brings: the best by words, the nearest by meaning."""
DEEPER: Final = 8
"""How many times more it brings where most of that said the same."""
POOL_MAX: Final = POOL * DEEPER**2
QUESTION_MAX: Final = 8192
"""Characters of a question whose words count."""
KINDS: Final = ("episode", "fact")
WORD: Final = 1e-6
"""Scores of words come as whole millionths."""


class Question(Struct, frozen=True, kw_only=True):
    """What is looked for."""

    query: str | None = None
    vector: "Vector | None" = None
    """What nearness is measured from, in *space*."""
    space: str | None = None
    tags: Sequence[str] = ()
    tags_match: Literal["all", "any"] = "all"
    since: datetime | None = None
    until: datetime | None = None
    min_importance: float | None = None
    """Decayed."""
    max_age_hours: float | None = None
    kinds: Sequence[Literal["episode", "fact"]] = KINDS
    limit: int = 10

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked: neither words nor a vector."""
        return self.vector is None and not _is_text(self.query)

    @property
    def is_by_nearness(self) -> bool:
        """Whether a vector is all there is: then its cosine is the score."""
        return self.vector is not None and not _is_text(self.query)

    @property
    def is_particular(self) -> bool:
        """Whether only some of what is held may answer it."""
        bounds = (self.since, self.until, self.min_importance, self.max_age_hours)
        return bool(self.tags) or set(self.kinds) != set(KINDS) or bounds != (None,) * len(bounds)


class Found(Struct, frozen=True, kw_only=True):
    """What a memory holds for a question."""

    items: tuple[RecalledItem, ...] = ()
    """The best first; what says the same stands there once."""
    exact: bool = True
    """False where an index on nearness was trusted: it may leave out one in a hundred."""


async def find(
    conn: Conn,
    partition: int,
    stream: str,
    place: Coordinate,
    question: Question,
    policy: MemoryPolicy,
) -> Found:
    """The best of what *stream* held at *place*, at most as many as *question* wants.

    The same place, question, and policy give the same answer for ever, unless it is not `exact`;
    *place* is at most what the rows have come to.
    """
    return await _Search(conn, (partition, stream), place, question, policy).found()


class _Search:
    """One question on its way."""

    def __init__(
        self,
        conn: Conn,
        key: tuple[int, str],
        place: Coordinate,
        question: Question,
        policy: MemoryPolicy,
    ) -> None:
        self._conn = conn
        self._key = key
        self._place = place
        self._question = question
        self._policy = policy

    async def found(self) -> Found:
        prospect = await prospect_of(self._conn, *self._key, self._place, self._question.space)
        if prospect.entries == 0:
            return Found()
        pool = POOL
        while True:
            rows, exact = await self._candidates(prospect, pool)
            items = await self._items(rows)
            if len(items) >= self._question.limit or len(rows) < pool or pool == POOL_MAX:
                return Found(items=items, exact=exact)
            pool *= DEEPER

    async def _candidates(self, prospect: Prospect, pool: int) -> tuple[list[Any], bool]:
        """What may be the best, and whether nothing was left out by an index."""
        if self._policy.recall.policy != "relevance" or self._question.is_open:
            return await self._unasked(pool), True
        if self._is_filtered():
            return await self._asked(pool, await self._allowed(), None), True
        near = await self._by_index(prospect) if pool == POOL else None
        rows = await self._asked(pool, None, near)
        if not any(row["expires_at"] and row["expires_at"] <= self._place.at for row in rows):
            return rows, near is None
        return await self._asked(pool, await self._allowed(), None), True

    async def _by_index(self, prospect: Prospect) -> Near | None:
        """The nearest, where the agent's own index knows them."""
        vector = self._question.vector
        if vector is None or not prospect.can_use_index:
            return None
        return await nearest(self._conn, prospect, vector, POOL)

    async def _asked(self, pool: int, allowed: list[int] | None, near: Near | None) -> list[Any]:
        """The best by words and by nearness, at most *pool* of each."""
        question, vector = self._question, self._question.vector
        return await fetch_by_vector(
            self._conn,
            CANDIDATES,
            *self._key,
            self._place.version,
            question.space,
            None if vector is None else sent(vector),
            None if question.query is None else _fit(question.query[:QUESTION_MAX]),
            allowed,
            *(near or (None, None)),
            pool,
        )

    async def _unasked(self, pool: int) -> list[Any]:
        """Candidates by what is known of them without a question."""
        recall = self._policy.recall
        return await self._conn.fetch(
            UNASKED,
            *self._key,
            self._place.version,
            await self._allowed(),
            pool,
            self._place.at,
            recall.policy,
            *map(_told, (recall.recency_weight, recall.frequency_weight)),
            recall.tau_hours,
            self._policy.half_life_hours,
            recall.recency_floor,
            *map(_told, (recall.frequency_gain, recall.importance_gain)),
        )

    def _is_filtered(self) -> bool:
        return self._policy.max_age_hours is not None or self._question.is_particular

    async def _allowed(self) -> list[int]:
        """The entries that may answer."""
        question = self._question
        by_seed = self._policy.recall.policy != "relevance"  # Which knows nothing of facts.
        allowed: list[int] = await self._conn.fetchval(
            ALLOWED,
            *self._key,
            self._place.version,
            self._place.at,
            [kind for kind in question.kinds if kind == "episode" or not by_seed],
            [_fit(tag) for tag in question.tags],
            question.tags_match == "any",
            self._since(),
            question.until,
            question.min_importance,
            self._policy.half_life_hours,
        )
        return allowed

    def _since(self) -> datetime | None:
        """The latest of the bounds that are set."""
        ages = (self._question.max_age_hours, self._policy.max_age_hours)
        bounds = [self._question.since, *map(self._age_ago, ages)]
        return max((bound for bound in bounds if bound is not None), default=None)

    def _age_ago(self, hours: float | None) -> datetime | None:
        try:
            return None if hours is None else self._place.at - timedelta(hours=hours)
        except OverflowError:  # Before there was a calendar nothing had happened.
            return None

    async def _items(self, rows: Sequence[Any]) -> tuple[RecalledItem, ...]:
        """The best of *rows*, as many as are wanted, each text once."""
        ranked, by_entry = self._ranked(rows), {row["entry"]: row for row in rows}
        items: dict[str, RecalledItem] = {}
        step = 2 * self._question.limit
        for first in range(0, len(ranked), step):
            some = ranked[first : first + step]
            contents = await self._contents([one.entry for one in some])
            for one in some:
                item = _item(one, by_entry[one.entry], contents[one.entry])
                items.setdefault(item.content, item)
            if len(items) >= self._question.limit:
                break
        return tuple(items.values())[: self._question.limit]

    def _ranked(self, rows: Sequence[Any]) -> list[Ranked]:
        candidates = [_candidate(row) for row in rows]
        if self._question.is_by_nearness:
            return by_nearness(candidates)
        return rank(
            candidates,
            self._policy,
            self._place.at,
            max_recall_count=max((row.get("most", 1) for row in rows), default=1),
            bm25_of_all_words=rows[0]["all_words"] * WORD if rows else 0.0,
        )

    async def _contents(self, entries: Sequence[int]) -> dict[int, Any]:
        rows = await self._conn.fetch(CONTENTS, *self._key, self._place.version, entries)
        return {row["entry"]: row for row in rows}


def _candidate(row: Any) -> Candidate:
    distance = row["distance"]
    return Candidate(
        entry=row["entry"],
        kind=row["kind"],
        importance=row["importance"],
        timestamp=row["happened"],
        recall_count=row["recall_count"],
        recalled_at=row["recalled_at"],
        session=row["session"],
        ordinal=row["ordinal"],
        bm25=row["words"] * WORD,
        cosine=None if distance is None else 1 - distance,
    )


def _item(ranked: Ranked, row: Any, content: Any) -> RecalledItem:
    told = _verbatim(content)
    return RecalledItem(
        id=str(content["id"]),
        kind=row["kind"],
        content=content["content"] if told is None else told,
        score=ranked.score,
        parts=ranked.parts,
        importance=row["importance"],
        timestamp=row["happened"],
        tags=tuple(content["tags"]),
        recall_count=row["recall_count"],
        session=content["session"],
    )


def _verbatim(content: Any) -> str | None:
    """The text as the log has it, where the row could not hold it."""
    if content["data"] is None:
        return None
    match events.decode(content["type"], content["schema_version"], content["data"]):
        case events.EpisodeRecorded(content=text):
            return text
        case events.FactStored(key=key, value=value):
            return f"{key}: {value}"
        case _:
            return None


def _told(weight: float) -> float:
    """*weight*, or nothing where it is as good as that: PostgreSQL raises when a product is."""
    return weight if abs(weight) > 1e-100 else 0.0  # noqa: PLR2004 - said above.


def _is_text(query: str | None) -> bool:
    return query is not None and bool(query.strip())


def _fit(text: str) -> str:
    """*text* as rows have it: without what PostgreSQL cannot hold."""
    return projected(text)[0]
