"""Brings the rows of graphs from what is live in them to what a batch has come to."""

from collections.abc import Iterator, Sequence
from typing import Final

from eventlog.database import Conn
from eventlog.statements import statement
from schema.events.graph import EntityPut, RelationshipPut
from schema.row_text import projected, projected_id, projected_json
from service.graph.naming import names_of
from service.projections.graph_texts import Change, is_altered, keys_in
from service.projections.graph_walk import Begun, Outcome, Standing
from service.projections.setwise import Row, execute_for, fetch_for

LIVE_ENTITIES: Final = statement(__package__, "live_entities")
LIVE_RELATIONSHIPS: Final = statement(__package__, "live_relationships")
CLOSE_ENTITIES: Final = statement(__package__, "close_entities")
CLOSE_RELATIONSHIPS: Final = statement(__package__, "close_relationships")
CLOSE_RELATIONSHIPS_OF: Final = statement(__package__, "close_relationships_of")
OPEN_ENTITIES: Final = statement(__package__, "open_entities")
OPEN_NAMES: Final = statement(__package__, "open_entity_names")
OPEN_RELATIONSHIPS: Final = statement(__package__, "open_relationships")
ADD_SIZES: Final = statement(__package__, "add_graph_sizes")


async def standing_of(conn: Conn, changes: Sequence[Change]) -> Standing:
    """What is live of what *changes* name."""
    entities, relationships = keys_in(changes)
    return Standing(
        entities=set(map(tuple, await fetch_for(conn, LIVE_ENTITIES, sorted(entities)))),
        relationships=set(
            map(tuple, await fetch_for(conn, LIVE_RELATIONSHIPS, sorted(relationships)))
        ),
    )


async def change_rows(conn: Conn, outcome: Outcome) -> None:
    """End and begin the rows of *outcome*; its growth is told what has ended with entities."""
    ended_entities = ((*key, version) for key, version in outcome.ended_entities.items())
    ended_relationships = ((*key, version) for key, version in outcome.ended_relationships.items())
    await execute_for(conn, CLOSE_ENTITIES, ended_entities)
    await execute_for(conn, CLOSE_RELATIONSHIPS, ended_relationships)
    removed = ((*key, version) for key, version in outcome.removed.items())
    for *at, count in await fetch_for(conn, CLOSE_RELATIONSHIPS_OF, removed):
        outcome.growth[at[0], at[1], at[2]].relationships -= count
    await execute_for(conn, OPEN_ENTITIES, map(_entity, outcome.entities))
    await execute_for(conn, OPEN_NAMES, _names(outcome.entities))
    await execute_for(conn, OPEN_RELATIONSHIPS, map(_relationship, outcome.relationships))
    await execute_for(conn, ADD_SIZES, _growth(outcome))


def _entity(begun: Begun) -> Row:
    event, key = begun.change.recorded.event, begun.change.entity
    assert isinstance(event, EntityPut)  # noqa: S101 - only such begin one.
    assert key is not None  # noqa: S101 - which names it.
    properties, altered = projected_json(event.properties)
    altered = altered or is_altered((event.id, event.label), event.session, event.call_id)
    return (
        *(*key, begun.change.recorded.version, begun.valid_to),
        *(projected_id(event.label)[0], properties, altered),
        *(_fit(event.session), _fit(event.call_id)),
    )


def _names(entities: Sequence[Begun]) -> Iterator[Row]:
    for begun in entities:
        event, key = begun.change.recorded.event, begun.change.entity
        assert isinstance(event, EntityPut)  # noqa: S101 - only such begin one.
        assert key is not None  # noqa: S101 - which names it.
        names = (projected(name)[0] for name in names_of(key[2], event.properties))
        for name in dict.fromkeys(names):
            yield *key, begun.change.recorded.version, begun.valid_to, name


def _relationship(begun: Begun) -> Row:
    event, key = begun.change.recorded.event, begun.change.relationship
    assert isinstance(event, RelationshipPut)  # noqa: S101 - only such begin one.
    assert key is not None  # noqa: S101 - which names it.
    ends = (event.source, event.target)
    altered = is_altered(ends, event.kind, event.session, event.call_id)
    return (
        *(*key, begun.change.recorded.version, begun.valid_to, event.weight, altered),
        *(_fit(event.session), _fit(event.call_id)),
    )


def _growth(outcome: Outcome) -> Iterator[Row]:
    for at, growth in outcome.growth.items():
        yield *at, growth.entities, growth.relationships, growth.is_erasure


def _fit(text: str | None) -> str | None:
    return None if text is None else projected(text)[0]
