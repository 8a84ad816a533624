"""What is asked behind a `?` and in small bodies over HTTP."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from schema.messages.base import Message, Moment, Tags, Vector, of_length, of_size
from schema.messages.coordinates import AsOf
from schema.messages.graph import EntityId, Kind, Label, Properties
from schema.messages.memory import CONTENT_BYTES_MAX, NOTE_BYTES_MAX

LIMIT_MAX: Final = 1000
CURSOR_LENGTH_MAX: Final = 6000

Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str, of_length(1, CURSOR_LENGTH_MAX)]
Reason = Annotated[str, of_length(0, 1000)]
Version = Annotated[int, Field(ge=0, le=2**53)]
Status = Literal["running", "waiting", "paused", "completed", "failed", "cancelled"]


def _no_number(label: str) -> str:
    if label.isascii() and label.isdigit():
        raise ValueError("must not be a number: that names a version")
    return label


Label_ = Annotated[str, of_length(1, 200), AfterValidator(_no_number)]


class Page(Message):
    """A part of a list."""

    limit: Limit = 100
    cursor: Cursor | None = None
    """`next_cursor` of the part before; the first part, if left out."""


class ListSessions(Page):
    """Which sessions."""

    agent: str | None = None
    status: Status | None = None
    at_least: Cursor | None = None
    """A token, as writes answer it: the list tells of that write."""


class ReadEvents(Message):
    """Which events of a session."""

    after: Version = 0
    """Those behind this version."""
    limit: Limit = 100


class ReadLog(Message):
    """Which events of the whole log."""

    after: Cursor | None = None
    """Those behind this token; from the start, if left out."""
    limit: Limit = 100


class ReadState(Message):
    """Which state of a session."""

    at: Annotated[str, of_length(1, 200)] | None = None
    """A version or a label; now, if left out."""


class CancelSession(Message):
    """Stop a session."""

    reason: Reason = ""


class LabelVersion(Message):
    """Give a version of a session a name; given again, the name moves."""

    label: Label_
    at: Version | None = None
    """The last version, if left out."""


class PastPage(Page):
    """A part of what there was at a place."""

    as_of: AsOf | None = None
    """A version, a time, or `session@version`; now, if left out."""


class Past(Message):
    """A place in the past."""

    as_of: AsOf | None = None
    """A version, a time, or `session@version`; now, if left out."""


class Removal(Message):
    """Why something goes."""

    reason: Reason = ""


class PinEpisode(Message):
    """Whether an episode may be evicted."""

    pinned: bool


class PutFact(Message):
    """What stands under the key that the path names."""

    value: Annotated[str, of_size(0, CONTENT_BYTES_MAX)]
    tags: Tags = ()
    expires_at: Moment | None = None
    embedding: Vector | None = None


class PutNote(Message):
    """What stands under the key that the path names."""

    value: Annotated[str, of_size(0, NOTE_BYTES_MAX)]


class PutEntityAs(Message):
    """What the entity that the path names is from here on."""

    label: Label
    properties: Properties = Field(default_factory=dict)


class ListEntities(PastPage):
    """Which entities."""

    labels: tuple[Label, ...] = Field(default=(), max_length=64)


class ListRelationships(PastPage):
    """Which relationships."""

    kinds: tuple[Kind, ...] = Field(default=(), max_length=64)


class RemoveRelationship(Message):
    """Which relationship goes, and why."""

    source: EntityId = Field(alias="from")
    target: EntityId = Field(alias="to")
    kind: Kind
    reason: Reason = ""
