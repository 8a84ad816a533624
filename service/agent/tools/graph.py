"""An agent's own tools for its knowledge graph: `relate`, `describe`, `neighbours`, `path`."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from schema.errors import Invalid, NotFound
from schema.events import (
    Effect,
    EntityRemoved,
    Event,
    RelationshipRemoved,
    ToolExample,
)
from schema.messages.checked import checked
from schema.messages.graph import EntityId, Kind, Label, PutEntity, PutRelationship
from service.agent.tools.graph_reading import entity_read, neighbours_read, path_read, unknown
from service.agent.tools.tool import Tool, tool
from service.graph.limits import DESCRIBED_RELATIONSHIPS_MAX
from service.graph.mind import GraphCall
from service.graph.picture import Graph
from service.memory.mind import Change

LABEL: Final = "thing"
"""What an entity is that nobody said more of."""
NEIGHBOURS_MAX: Final = 100
KINDS_SHOWN_MAX: Final = 5

Id = Annotated[EntityId, "the entity's id, such as its name"]
OfKind = Annotated[Kind | None, "only relationships of this kind"]


@tool(
    effect=Effect.TRANSACTIONAL,
    examples=(
        ToolExample(
            task="Remember that Ana works at Acme.",
            arguments={"from": "Ana", "kind": "works at", "to": "Acme"},
            result={"from": "Ana", "kind": "works at", "to": "Acme", "weight": 1.0},
        ),
    ),
)
async def relate(
    graph: GraphCall,
    from_: Annotated[EntityId, "the entity that relates to the other one"],
    kind: Annotated[Kind, "how it relates: a verb, as in Ana 'works at' Acme"],
    to: Annotated[EntityId, "the entity that it relates to"],
    weight: Annotated[float | None, "how much; 1 for a new one, if left out"] = None,
    remove: Annotated[bool, "whether this is true no more"] = False,  # noqa: FBT002 - by name only.
) -> Change:
    """Note how one entity relates to another; entities that are new come to be."""
    near = await graph.graph.near((from_, to))
    former = near.out.get(from_, {}).get(to, {}).get(kind)
    if remove:
        return await _parted(graph, near, RelationshipRemoved(source=from_, target=to, kind=kind))
    kept = 1.0 if former is None else former
    values = {"from": from_, "to": to, "kind": kind, "weight": kept if weight is None else weight}
    said = checked(PutRelationship, values)
    created = [id_ for id_ in dict.fromkeys((from_, to)) if id_ not in near.entities]
    news: list[Event] = [
        checked(PutEntity, {"id": id_, "label": LABEL}).as_event(graph.session, graph.call_id)
        for id_ in created
    ]
    if said.weight != former:
        news.append(said.as_event(graph.session, graph.call_id))
    data = {"from": from_, "kind": kind, "to": to, "weight": said.weight}
    return await _changed(graph, near, data | ({"created": created} if created else {}), news)


@tool(
    effect=Effect.TRANSACTIONAL,
    examples=(
        ToolExample(
            task="Note that Ana is a person who is 40.",
            arguments={"id": "Ana", "label": "person", "properties": {"age": 40}},
            result={"id": "Ana", "label": "person", "properties": {"age": 40}},
        ),
        ToolExample(
            task="What do you know of Ana?",
            arguments={"id": "Ana"},
            result={
                "id": "Ana",
                "label": "person",
                "properties": {"age": 40},
                "relationships": [{"from": "Ana", "kind": "works at", "to": "Acme", "weight": 1.0}],
                "complete": True,
            },
        ),
    ),
)
async def describe(
    graph: GraphCall,
    id: Id,  # noqa: A002 - the word that the model was given.
    label: Annotated[Label | None, "what kind of thing it is"] = None,
    properties: Annotated[
        dict[str, Any] | None, "what is to be known of it; the rest stays, null takes one away"
    ] = None,
    remove: Annotated[bool, "whether to remove it for good"] = False,  # noqa: FBT002 - by name only.
) -> Change:
    """Look up an entity and its relationships; or, with label or properties, write it."""
    is_written = label is not None or bool(properties)
    if remove and is_written:
        raise Invalid("remove", "an entity is written or removed, not both")
    if not remove and not is_written:
        return await entity_read(graph, id, DESCRIBED_RELATIONSHIPS_MAX)
    near = await graph.graph.near((id,))
    if not remove:
        return await _written(graph, near, id, label, properties or {})
    if id not in near.entities:
        raise await unknown(graph, id)
    return await _changed(graph, near, {"removed": id}, [EntityRemoved(id=id)])


@tool(effect=Effect.TRANSACTIONAL)
async def neighbours(
    graph: GraphCall,
    id: Id,  # noqa: A002 - the word that the model was given.
    kind: OfKind = None,
    limit: Annotated[int, "how many at most", Field(ge=1, le=NEIGHBOURS_MAX)] = 10,
) -> Change:
    """List what an entity relates to (out) and what relates to it (in), the heaviest first."""
    return await neighbours_read(graph, id, kind, limit)


@tool(effect=Effect.TRANSACTIONAL)
async def path(
    graph: GraphCall,
    from_: Annotated[EntityId, "the entity where it begins"],
    to: Annotated[EntityId, "the entity where it ends"],
    kind: OfKind = None,
) -> Change:
    """Find the shortest way along relationships from one entity to another."""
    return await path_read(graph, from_, to, kind)


def graph_tools() -> tuple[Tool, ...]:
    """All four; they need no memory."""
    return (relate, describe, neighbours, path)


async def _parted(call: GraphCall, near: Graph, fact: RelationshipRemoved) -> Change:
    absent = [id_ for id_ in dict.fromkeys((fact.source, fact.target)) if id_ not in near.entities]
    if absent:
        raise await unknown(call, *absent)
    kinds = near.out[fact.source].get(fact.target, {})
    if fact.kind not in kinds:
        there_are = ", ".join(map(repr, sorted(kinds)[:KINDS_SHOWN_MAX])) or "none"
        raise NotFound(
            f"{fact.source!r} does not relate to {fact.target!r} in the kind {fact.kind!r}; "
            f"kinds there are: {there_are}"
        )
    data = {"from": fact.source, "kind": fact.kind, "to": fact.target, "removed": True}
    return await _changed(call, near, data, [fact])


async def _written(
    call: GraphCall, near: Graph, id_: str, label: str | None, properties: dict[str, Any]
) -> Change:
    former = near.entities.get(id_)
    values = {
        "id": id_,
        "label": label or (LABEL if former is None else former.label),
        "properties": _merged({} if former is None else former.properties, properties),
    }
    said = checked(PutEntity, values)
    data = values | ({"created": True} if former is None else {})
    is_alike = former is not None and former.is_alike(said.label, said.properties)
    news = [] if is_alike else [said.as_event(call.session, call.call_id)]
    return await _changed(call, near, data, news)


def _merged(former: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    merged = {**former, **said}
    return {name: value for name, value in merged.items() if said.get(name, value) is not None}


async def _changed(
    call: GraphCall, near: Graph, data: dict[str, Any], news: Sequence[Event]
) -> Change:
    """*news* for the graph, which rest on all that was seen of it; none, where it knew as much."""
    if not news:
        return Change(data=data | {"unchanged": True})
    await call.graph.see_room(news, near.version)
    return Change(data=data, graph=tuple(news), graph_expected=near.version)
