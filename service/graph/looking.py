"""Looks at a graph as it was at a version: what it held, and what has changed since another."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from eventlog.database import Conn
from eventlog.read import read_stream
from eventlog.statements import statement
from schema import json_text
from schema.errors import Invalid
from schema.events import Event
from schema.events.graph import EntityPut, EntityRemoved, RelationshipPut, RelationshipRemoved
from schema.row_text import projected, projected_id
from service.graph.puts import named_by
from service.graph.rows import View

CHANGED_ENTITIES: Final = statement(__package__, "changed_entities")
CHANGED_RELATIONSHIPS: Final = statement(__package__, "changed_relationships")

DIFF_EVENTS_MAX: Final = 100_000
"""Between two versions whose difference is told: each names what has to be looked at twice."""

What = Literal["added", "gone", "changed"]


class Difference(Struct, frozen=True, kw_only=True):
    """What became of an entity or a relationship between two versions."""

    kind: Literal["entity", "relationship"]
    name: str
    """An entity's id, else `from kind to`."""
    what: What
    before: str | None = None
    """What there was to say of it at the earlier version, where it was there."""
    after: str | None = None
    why: str = ""
    """Of what is gone: by which event, and the reason that somebody gave."""


async def diff(conn: Conn, view: View, since: int, limit: int) -> list[Difference]:
    """What has changed behind version *since*, up to the view's: at most *limit*, entities first.

    An entity or a relationship that was put again as it was is no difference. `Invalid` where
    more than `DIFF_EVENTS_MAX` events lie in between: what they name is looked at, and no more.
    """
    if view.version - since > DIFF_EVENTS_MAX:
        detail = f"goes over {view.version - since} versions: use at most {DIFF_EVENTS_MAX}"
        raise Invalid("diff", detail)
    named = await _named(conn, view, since)
    span = (*view.key, since)
    rows = await conn.fetch(CHANGED_ENTITIES, *span, limit, list(named.entities))
    found = [_of_entity(row) for row in rows]
    if len(found) < limit:
        pairs = [list(column) for column in zip(*named.relationships, strict=True)] or [[], [], []]
        left = limit - len(found)
        rows = await conn.fetch(CHANGED_RELATIONSHIPS, *span, left, *pairs, list(named.removed))
        found += [_of_relationship(row) for row in rows]
    return found


class _Named(Struct, frozen=True):
    """What the events of a span name, as rows have it."""

    entities: set[str] = msgspec.field(default_factory=set)
    removed: set[str] = msgspec.field(default_factory=set)
    """Those of them whose relationships went with them."""
    relationships: set[tuple[str, str, str]] = msgspec.field(default_factory=set)

    def add(self, event: Event) -> None:
        ids = tuple(projected_id(id_)[0] for id_ in named_by(event))
        match event:
            case EntityPut() | EntityRemoved():
                self.entities.update(ids)
                self.removed.update(ids if isinstance(event, EntityRemoved) else ())
            case RelationshipPut(kind=kind) | RelationshipRemoved(kind=kind):
                self.relationships.add((ids[0], ids[1], projected(kind)[0]))


async def _named(conn: Conn, view: View, since: int) -> _Named:
    named = _Named()
    up_to = view.version
    while block := await read_stream(conn, *view.key[:2], after=since, up_to=up_to):
        for recorded in block:
            named.add(recorded.event)
        since = block[-1].version
    return named


def _of_entity(row: Any) -> Difference:
    before = _described(row["label_before"], row["properties_before"])
    after = _described(row["label_after"], row["properties_after"])
    return _difference("entity", row["id"], before, after, row)


def _described(label: str | None, properties: str | None) -> str | None:
    if label is None:
        return None
    return label if properties == "{}" else f"{label} {properties}"


def _of_relationship(row: Any) -> Difference:
    name = f"{row['source']} {row['kind']} {row['target']}"
    before, after = (_weighed(row[f"weight_{when}"]) for when in ("before", "after"))
    return _difference("relationship", name, before, after, row)


def _weighed(weight: float | None) -> str | None:
    return None if weight is None else f"weight {weight:.17g}"


def _difference(
    kind: Literal["entity", "relationship"],
    name: str,
    before: str | None,
    after: str | None,
    row: Any,
) -> Difference:
    what: What = "changed" if None not in (before, after) else "added" if before is None else "gone"
    why = _why(row) if what == "gone" else ""
    return Difference(kind=kind, name=name, what=what, before=before, after=after, why=why)


def _why(row: Any) -> str:
    """By which event it went, and the reason that somebody gave."""
    how = (row["went_by"] or "").replace("_", " ")
    said = json_text.decode(row["went_data"]) if row["went_data"] else {}
    return ": ".join(part for part in (how, said.get("reason")) if part)
