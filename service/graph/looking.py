"""Looks at a graph as it was at a version: what it held, and what has changed since another."""

from typing import Any, Final, Literal

from msgspec import Struct

from eventlog.database import Conn
from eventlog.statements import statement
from schema import json_text
from service.graph.rows import View

CHANGED_ENTITIES: Final = statement(__package__, "changed_entities")
CHANGED_RELATIONSHIPS: Final = statement(__package__, "changed_relationships")

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

    An entity or a relationship that was put again as it was is no difference.
    """
    span = (*view.key, since)
    rows = await conn.fetch(CHANGED_ENTITIES, *span, limit)
    found = [_of_entity(row) for row in rows]
    if len(found) < limit:
        rows = await conn.fetch(CHANGED_RELATIONSHIPS, *span, limit - len(found))
        found += [_of_relationship(row) for row in rows]
    return found


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
