"""Looks at parts of a graph in its rows, as it was at a version; what is there now is one, too.

A planner that knows nothing of a table yet takes any index of it. So statements ask for the order
of the one that is meant, and `valid_from + 0` keeps those out that would go by the version.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from schema import json_text
from schema.messages.graph import Neighbours, PathExists, ShortestPath
from schema.row_text import projected, projected_id
from service.graph.naming import mentioned, phrases_of
from service.graph.picture import Entity, Graph, Relationship, absent

ENTITY: Final = statement(__package__, "entity")
ENTITIES: Final = statement(__package__, "list_entities")
RELATIONSHIPS: Final = statement(__package__, "list_relationships")
SIZES: Final = statement(__package__, "sizes")
ENTITIES_OF: Final = statement(__package__, "entities_of")
BETWEEN: Final = statement(__package__, "relationships_between")
BETWEEN_FEW: Final = statement(__package__, "relationships_between_few")
HEAVIEST: Final = statement(__package__, "heaviest_relationships")
NEIGHBOURS: Final = statement(__package__, "neighbours")
ONWARD: Final = statement(__package__, "onward")
BACKWARD: Final = statement(__package__, "backward")
NAMED: Final = statement(__package__, "named_entities")
ENTITY_BLOCK: Final = statement(__package__, "entity_block")
RELATIONSHIP_BLOCK: Final = statement(__package__, "relationship_block")

ENTITY_BLOCK_ROWS: Final = 500
"""Entities of a graph that is loaded which come at once: their properties may be of a megabyte."""
BLOCK_ROWS: Final = 20_000
"""Relationships that do."""
FEW: Final = 16
"""Entities that are looked at pair by pair, which spares what else relates to one of them."""
HOPS_MAX: Final = 3
STEPS_MAX: Final = 20_000
"""Relationships that are looked at for the next hop; a path through more is left to algorithms."""
BEARERS_MAX: Final = 4
"""Entities of one name that a text may stand for."""

NOTHING: Final = ""
"""Before every id, kind and name."""


class View(Struct, frozen=True):
    """A graph's stream as it was at a version."""

    partition: int
    stream: str
    version: int

    @property
    def key(self) -> tuple[int, str, int]:
        """What every statement here begins with."""
        return self.partition, self.stream, self.version


class Sizes(Struct, frozen=True, kw_only=True):
    """How much a graph held."""

    entities: int = 0
    relationships: int = 0
    erased: int = 0
    """The version of the last erasure up to there; 0 for none."""


async def entity(conn: Conn, view: View, id_: str) -> Entity | None:
    """The entity of that id, if it was there."""
    row = await conn.fetchrow(ENTITY, *view.key, id_) if may_be_there(id_) else None
    return None if row is None else _entity(*row)


async def entities(
    conn: Conn, view: View, limit: int, *, after: str = NOTHING, labels: Collection[str] = ()
) -> list[Entity]:
    """The first ones behind the id *after*, in the order of their ids; of *labels*, if any."""
    rows = await conn.fetch(ENTITIES, *view.key, projected(after)[0], limit, _filter(labels))
    return [_entity(*row) for row in rows]


async def relationships(
    conn: Conn,
    view: View,
    limit: int,
    *,
    after: tuple[str, str, str] | None = None,
    kinds: Collection[str] = (),
) -> list[Relationship]:
    """The first ones behind (from, to, kind) *after*, in that order; of *kinds*, if any."""
    behind = [projected(text)[0] for text in (after or (NOTHING,) * 3)]
    rows = await conn.fetch(RELATIONSHIPS, *view.key, *behind, limit, _filter(kinds))
    return [Relationship(*row) for row in rows]


async def sizes(conn: Conn, view: View) -> Sizes:
    """How much there was in all."""
    row = await conn.fetchrow(SIZES, *view.key)
    return Sizes() if row is None else Sizes(**row)


async def load(conn: Conn, view: View) -> Graph:
    """The whole graph."""
    graph = Graph(view.version)
    put_entity, put_relationship = graph.put_entity, graph.put_relationship
    after: Any = NOTHING
    while row := await conn.fetchrow(ENTITY_BLOCK, *view.key, after, ENTITY_BLOCK_ROWS):
        last, ids, labels, properties = row
        if last is None:
            break
        for id_, label, said in zip(ids, labels, properties, strict=True):
            put_entity(id_, label, _decoded(said))
        after = last
    after = 0
    while row := await conn.fetchrow(RELATIONSHIP_BLOCK, *view.key, after, BLOCK_ROWS):
        last, *columns = row
        if last is None:
            break
        for one in zip(*columns, strict=True):
            put_relationship(*one)
        after = last
    return graph


async def near(conn: Conn, view: View, ids: Iterable[str]) -> Graph:
    """The entities of *ids* that were there, and the relationships among them only."""
    wanted = _that_may_be_there(ids)
    between = BETWEEN_FEW if len(wanted) <= FEW else BETWEEN
    entities = await conn.fetch(ENTITIES_OF, *view.key, wanted)
    return graph_of(view, entities, await conn.fetch(between, *view.key, wanted))


async def surroundings(
    conn: Conn, view: View, ids: Iterable[str], limit: int, *, kinds: Collection[str] = ()
) -> Graph:
    """The entities of *ids* that were there, *limit* relationships of each, and the other ends.

    The heaviest ones, of *kinds* if any; of equal ones the first by kind, from and to.
    """
    wanted = _that_may_be_there(ids)
    found = await conn.fetch(HEAVIEST, *view.key, wanted, limit, _filter(kinds))
    ends = (end for row in found for end in (row["source"], row["target"]))
    around = list(dict.fromkeys([*wanted, *ends]))
    return graph_of(view, await conn.fetch(ENTITIES_OF, *view.key, around), found)


async def neighbours(conn: Conn, view: View, query: Neighbours) -> dict[str, Any]:
    """What an entity relates to and what relates to it, as `algorithms.parts` has it."""
    await _refuse_absent(conn, view, query.start)
    ways = ("in", "out") if query.direction == "both" else (query.direction,)
    filters = (_filter(query.kinds), _filter(query.labels))
    rows = await conn.fetch(
        NEIGHBOURS, *view.key, query.start, "out" in ways, "in" in ways, *filters, query.limit + 1
    )
    found = [dict(row) for row in rows[: query.limit]]
    return {"neighbours": found, "complete": len(rows) <= query.limit}


async def short_path(conn: Conn, view: View, query: ShortestPath | PathExists) -> Any | None:
    """A way of at most three hops, as `algorithms.paths` has it, or whether there is one.

    None where rows know of none, which says nothing of longer ways, nor of what has to go through
    more relationships than we look at. Not for weighted paths.
    """
    await _refuse_absent(conn, view, query.source)
    await _refuse_absent(conn, view, query.target)
    path = await _Hops(conn, view, query).path()
    if path is None or isinstance(query, PathExists):
        return None if path is None else True
    from service.graph.algorithms.answering import answer  # noqa: PLC0415 - loads a library.

    # The first of the shortest ways is that also of the little graph it lies in.
    return answer(await near(conn, view, path), query)


async def named(conn: Conn, view: View, text: str, limit: int) -> list[Entity]:
    """The first entities that *text* names, in that order; the longest name wins."""
    fit, _ = projected(text)
    rows = await conn.fetch(NAMED, *view.key, phrases_of(fit), BEARERS_MAX)
    ids_of: dict[str, list[str]] = {}
    for row in rows:
        ids_of.setdefault(row["name"], []).append(row["id"])
    ids = mentioned(fit, ids_of)[:limit]
    graph = await near(conn, view, ids)
    return [graph.entities[id_] for id_ in ids]


class _Hops:
    """Looks for a short way, from both of its ends."""

    def __init__(self, conn: Conn, view: View, query: ShortestPath | PathExists) -> None:
        self._conn = conn
        self._view = view
        self._source, self._target = query.source, query.target
        self._filters = (_filter(query.kinds), _filter(query.labels), [query.source, query.target])

    async def path(self) -> list[str] | None:
        """The entities on the first of the shortest ways, if one is that short."""
        source, target = self._source, self._target
        if source == target:
            return [source]
        ahead = await self._steps(ONWARD, [source])
        if ahead is None or (source, target) in ahead:
            return None if ahead is None else [source, target]
        behind = await self._steps(BACKWARD, [target])
        if behind is None:
            return None
        firsts, lasts = {other for _, other in ahead}, {other for other, _ in behind}
        if both := firsts & lasts:
            return [source, min(both), target]
        steps = await (
            self._steps(ONWARD, sorted(firsts))
            if len(firsts) <= len(lasts)
            else self._steps(BACKWARD, sorted(lasts))
        )
        between = [(one, other) for one, other in steps or () if one in firsts and other in lasts]
        return [source, *min(between), target] if between else None

    async def _steps(self, direction: str, ids: Sequence[str]) -> set[tuple[str, str]] | None:
        """Who relates to whom, one of them in *ids*; None where that are too many."""
        rows = await self._conn.fetch(
            direction, *self._view.key, ids, *self._filters, STEPS_MAX + 1
        )
        return None if len(rows) > STEPS_MAX else {(row["source"], row["target"]) for row in rows}


async def _refuse_absent(conn: Conn, view: View, id_: str) -> None:
    if await entity(conn, view, id_) is None:
        raise absent(id_, view.version)


def graph_of(view: View, entities: Iterable[Any], relationships: Iterable[Any]) -> Graph:
    """The part of a graph that rows tell of."""
    said = ((row["id"], row["label"], _decoded(row["properties"])) for row in entities)
    between = ((row["source"], row["target"], row["kind"], row["weight"]) for row in relationships)
    return Graph.of(view.version, said, between)


def _entity(id_: str, label: str, properties: str) -> Entity:
    return Entity(id_, label, _decoded(properties))


def _decoded(properties: str) -> dict[str, Any]:
    """As the log's events are decoded: whole numbers of any size stay what they are."""
    said: dict[str, Any] = {} if properties == "{}" else json_text.decode(properties)
    return said


def _filter(words: Collection[str]) -> list[str] | None:
    """What a statement is given: nothing stands for all."""
    return [word for word in words if may_be_there(word)] if words else None


def _that_may_be_there(ids: Iterable[str]) -> list[str]:
    return [id_ for id_ in dict.fromkeys(ids) if may_be_there(id_)]


def may_be_there(text: str) -> bool:
    """Whether rows could have *text*: what they cannot hold they have under another one."""
    return not projected_id(text)[1]
