"""`/v1/agents/{id}/graph`: entities, relationships, and questions about them."""

from typing import Any, Final

import msgspec

from schema.ids import graph_stream
from schema.messages.answers import (
    EntityAnswer,
    GraphAnswer,
    KnownAnswer,
    Listed,
    RelationshipAnswer,
    WrittenAnswer,
)
from schema.messages.graph import GraphQuery, PutEntity, PutRelationship, Query
from schema.messages.http import (
    ListEntities,
    ListRelationships,
    Past,
    PutEntityAs,
    Removal,
    RemoveRelationship,
)
from service.api.memory_views import see_place, written_reply
from service.api.paging import from_cursor, page
from service.api.reading import read_body
from service.api.route import Call, Reply, Route
from service.graph.graphs import How
from service.graph.picture import Relationship
from service.keys import Scope


async def show_entities(call: Call) -> Reply:
    """In the order of their ids."""
    asked = call.asked(ListEntities)
    cursor = from_cursor(asked.cursor, version=int, after=str) if asked.cursor else None
    seen = await call.services.runtime.graphs.look(
        call.agent,
        limit=asked.limit + 1,
        as_of=see_place(cursor, asked.as_of),
        labels=asked.labels,
        after_entity="" if cursor is None else cursor["after"],
    )
    data = [msgspec.structs.asdict(one) for one in seen.entities]
    part = page(data, asked.limit, lambda one: {"version": seen.version, "after": one["id"]})
    return Reply(body={**part, "version": seen.version}, version=seen.version)


async def add_entity(call: Call) -> Reply:
    """Add one; where its id is taken, 409."""
    said = call.said(PutEntity)
    graphs = call.services.runtime.graphs
    written = await graphs.put_entity(call.agent, said, call.author, how=How.ADD)
    return written_reply(call, graph_stream(call.agent), written, status=201)


async def show_entity(call: Call) -> Reply:
    """One entity, and what it relates to."""
    graphs = call.services.runtime.graphs
    known = await graphs.entity(call.agent, call.parameters["entity"], as_of=call.asked(Past).as_of)
    body = {
        **msgspec.structs.asdict(known.entity),
        "relationships": [relationship_message(one) for one in known.relationships],
        "complete": known.complete,
        "version": known.version,
    }
    return Reply(body=body, version=known.version)


async def put_entity(call: Call) -> Reply:
    """There is this entity from here on, with this label and these properties, and no others."""
    said = call.said(PutEntityAs)
    whole = {"id": call.parameters["entity"], "label": said.label, "properties": said.properties}
    graphs = call.services.runtime.graphs
    written = await graphs.put_entity(call.agent, read_body(PutEntity, whole), call.author)
    return written_reply(call, graph_stream(call.agent), written)


async def remove_entity(call: Call) -> Reply:
    """It is gone, with every relationship."""
    written = await call.services.runtime.graphs.remove_entity(
        call.agent, call.parameters["entity"], call.author, reason=call.asked(Removal).reason
    )
    return written_reply(call, graph_stream(call.agent), written)


async def show_relationships(call: Call) -> Reply:
    """In the order of from, to and kind."""
    asked = call.asked(ListRelationships)
    cursor = (
        from_cursor(asked.cursor, version=int, source=str, target=str, kind=str)
        if asked.cursor
        else None
    )
    seen = await call.services.runtime.graphs.look(
        call.agent,
        limit=asked.limit + 1,
        as_of=see_place(cursor, asked.as_of),
        kinds=asked.kinds,
        after_relationship=None
        if cursor is None
        else (cursor["source"], cursor["target"], cursor["kind"]),
    )

    def place(one: dict[str, Any]) -> dict[str, Any]:
        ends = {"source": one["from"], "target": one["to"], "kind": one["kind"]}
        return {"version": seen.version, **ends}

    part = page([relationship_message(one) for one in seen.relationships], asked.limit, place)
    return Reply(body={**part, "version": seen.version}, version=seen.version)


async def add_relationship(call: Call) -> Reply:
    """Add one between entities that are there; where there is one of the kind, 409."""
    said = call.said(PutRelationship)
    graphs = call.services.runtime.graphs
    written = await graphs.put_relationship(call.agent, said, call.author, how=How.ADD)
    return written_reply(call, graph_stream(call.agent), written, status=201)


async def put_relationship(call: Call) -> Reply:
    """One entity relates to another in this kind, with this weight, from here on."""
    graphs = call.services.runtime.graphs
    written = await graphs.put_relationship(call.agent, call.said(PutRelationship), call.author)
    return written_reply(call, graph_stream(call.agent), written)


async def remove_relationship(call: Call) -> Reply:
    """One relates to another no more in this kind."""
    asked = call.asked(RemoveRelationship)
    written = await call.services.runtime.graphs.remove_relationship(
        call.agent, asked.source, asked.target, asked.kind, call.author, reason=asked.reason
    )
    return written_reply(call, graph_stream(call.agent), written)


async def query_graph(call: Call) -> Reply:
    """What the graph has to say."""
    answered = await call.services.runtime.graphs.query(call.agent, call.said(Query))
    return Reply(body={"result": answered.result, "version": answered.version})


def relationship_message(one: Relationship) -> dict[str, Any]:
    """A relationship, as it is shown."""
    return {"from": one.source, "to": one.target, "kind": one.kind, "weight": one.weight}


_OF: Final = "/v1/agents/{agent}/graph"

ROUTES: Final = (
    Route(
        method="GET",
        path=f"{_OF}/entities",
        handler=show_entities,
        scope=Scope.SESSIONS_READ,
        summary="List entities",
        group="graph",
        query=ListEntities,
        answer=Listed[EntityAnswer],
    ),
    Route(
        method="POST",
        path=f"{_OF}/entities",
        handler=add_entity,
        scope=Scope.MEMORY_WRITE,
        summary="Add an entity",
        group="graph",
        body=PutEntity,
        answer=WrittenAnswer,
        status=201,
        repeatable=True,
    ),
    Route(
        method="GET",
        path=f"{_OF}/entities/{{entity}}",
        handler=show_entity,
        scope=Scope.SESSIONS_READ,
        summary="Show an entity",
        group="graph",
        query=Past,
        answer=KnownAnswer,
    ),
    Route(
        method="PUT",
        path=f"{_OF}/entities/{{entity}}",
        handler=put_entity,
        scope=Scope.MEMORY_WRITE,
        summary="Put an entity",
        group="graph",
        body=PutEntityAs,
        answer=WrittenAnswer,
    ),
    Route(
        method="DELETE",
        path=f"{_OF}/entities/{{entity}}",
        handler=remove_entity,
        scope=Scope.MEMORY_WRITE,
        summary="Remove an entity",
        group="graph",
        query=Removal,
        answer=WrittenAnswer,
    ),
    Route(
        method="GET",
        path=f"{_OF}/relationships",
        handler=show_relationships,
        scope=Scope.SESSIONS_READ,
        summary="List relationships",
        group="graph",
        query=ListRelationships,
        answer=Listed[RelationshipAnswer],
    ),
    Route(
        method="POST",
        path=f"{_OF}/relationships",
        handler=add_relationship,
        scope=Scope.MEMORY_WRITE,
        summary="Add a relationship",
        group="graph",
        body=PutRelationship,
        answer=WrittenAnswer,
        status=201,
        repeatable=True,
    ),
    Route(
        method="PUT",
        path=f"{_OF}/relationships",
        handler=put_relationship,
        scope=Scope.MEMORY_WRITE,
        summary="Put a relationship",
        group="graph",
        body=PutRelationship,
        answer=WrittenAnswer,
    ),
    Route(
        method="DELETE",
        path=f"{_OF}/relationships",
        handler=remove_relationship,
        scope=Scope.MEMORY_WRITE,
        summary="Remove a relationship",
        group="graph",
        query=RemoveRelationship,
        answer=WrittenAnswer,
    ),
    Route(
        method="POST",
        path=f"{_OF}/query",
        handler=query_graph,
        scope=Scope.SESSIONS_READ,
        summary="Ask about the graph",
        group="graph",
        body=GraphQuery,
        answer=GraphAnswer,
    ),
)
