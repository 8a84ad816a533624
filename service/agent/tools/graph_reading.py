"""What the tools for an agent's graph give when they look something up, and what they record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schema.errors import NestedTooDeep, NotFound
from schema.events import GraphRecalled, KnownRelationship
from schema.messages.graph import ShortestPath
from service.graph.around import as_known, as_known_entities, fitting, heaviest
from service.graph.limits import HOPS_TOLD_MAX
from service.graph.mind import Answered, GraphCall
from service.graph.picture import Graph
from service.memory.mind import Change


async def entity_read(call: GraphCall, id_: str, limit: int) -> Change:
    """The entity, and its *limit* heaviest relationships."""
    graph = await _around(call, id_, limit + 1, ())
    found = heaviest(graph, id_, limit + 1)
    recalled = _recalled(call, graph, (id_,), as_known(found[:limit]))
    if not recalled.entities:
        raise NestedTooDeep("properties", f"of {id_!r} are nested too deep to be told")
    (entity,), told = recalled.entities, recalled.relationships
    data = {
        "id": entity.id,
        "label": entity.label,
        "properties": entity.properties,
        "relationships": [_as_said(one) for one in told],
        "complete": len(told) == len(found),
    }
    return Change(data=data, session=(recalled,))


async def neighbours_read(call: GraphCall, id_: str, kind: str | None, limit: int) -> Change:
    """What the entity relates to and what relates to it, by its *limit* heaviest relationships."""
    kinds = () if kind is None else (kind,)
    graph = await _around(call, id_, limit + 1, kinds)
    found = heaviest(graph, id_, limit + 1, kinds)
    ends = [end for one in found[:limit] for end in (one.source, one.target)]
    recalled = _recalled(call, graph, ends, as_known(found[:limit]))
    labels = {entity.id: entity.label for entity in recalled.entities}
    rows = [_neighbour(labels, id_, one) for one in recalled.relationships]
    data = {"id": id_, "neighbours": rows, "complete": len(rows) == len(found)}
    return Change(data=data, session=(recalled,))


async def path_read(call: GraphCall, source: str, target: str, kind: str | None) -> Change:
    """The way with the fewest hops; none where no way leads there."""
    kinds = () if kind is None else (kind,)
    query = ShortestPath.model_validate(
        {"op": "shortest_path", "from": source, "to": target, "kinds": kinds}
    )
    answered = await _asked(call, query)
    found = answered.result or {"hops": None, "relationships": []}
    steps = [
        KnownRelationship(
            source=step["from"], target=step["to"], kind=step["kind"], weight=step["weight"]
        )
        for step in found["relationships"][:HOPS_TOLD_MAX]
    ]
    recalled = _recalled(call, Graph(answered.version), (), tuple(steps))
    told = recalled.relationships
    data = {
        "hops": found["hops"],
        "path": [_as_said(one) for one in told],
        "complete": len(told) == len(found["relationships"]),
    }
    return Change(data=data, session=(recalled,))


async def unknown(call: GraphCall, *ids: str) -> NotFound:
    """That these are no entities, and which ones may have been meant."""
    return NotFound("; ".join([await _no_such(call, id_) for id_ in ids]))


async def _no_such(call: GraphCall, id_: str) -> str:
    near = [repr(one) for one in await call.graph.nearest(id_)]
    meant = f", did you mean {' or '.join(near)}?" if near else ""
    return f"there is no entity {id_!r}{meant}"


async def _around(call: GraphCall, id_: str, limit: int, kinds: Sequence[str]) -> Graph:
    graph = await call.graph.surroundings((id_,), limit, kinds=kinds)
    if id_ not in graph.entities:
        raise await unknown(call, id_)
    return graph


async def _asked(call: GraphCall, query: ShortestPath) -> Answered:
    try:
        return await call.graph.ask(query)
    except NotFound:
        ends = dict.fromkeys((query.source, query.target))
        there = (await call.graph.near(ends)).entities
        absent = [id_ for id_ in ends if id_ not in there]
        if not absent:
            raise
    raise await unknown(call, *absent)


def _recalled(
    call: GraphCall,
    graph: Graph,
    ids: Iterable[str],
    relationships: tuple[KnownRelationship, ...],
) -> GraphRecalled:
    """What the call gives of *graph*, as far as its event has room for it."""
    return fitting(
        GraphRecalled(
            version=graph.version,
            at=call.at,
            entities=as_known_entities(graph.entities[id_] for id_ in dict.fromkeys(ids)),
            relationships=relationships,
            call_id=call.call_id,
        )
    )


def _as_said(one: KnownRelationship) -> dict[str, Any]:
    return {"from": one.source, "kind": one.kind, "to": one.target, "weight": one.weight}


def _neighbour(labels: Mapping[str, str], id_: str, one: KnownRelationship) -> dict[str, Any]:
    """The other end of *one*; of what relates to itself, itself."""
    direction, other = ("out", one.target) if one.source == id_ else ("in", one.source)
    label = {"label": labels[other]} if other in labels else {}
    return {"id": other, **label, "direction": direction, "kind": one.kind, "weight": one.weight}
