"""What is asked behind a `?` and in small bodies over HTTP."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schema.messages.base import Message, Moment, Tags, Vector, of_length, of_size
from schema.messages.coordinates import AsOf
from schema.messages.graph import EntityId, Kind, Label, Properties
from schema.messages.memory import CONTENT_BYTES_MAX, NOTE_BYTES_MAX

LIMIT_MAX: Final = 1000
CURSOR_LENGTH_MAX: Final = 6000

Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str, of_length(1, CURSOR_LENGTH_MAX)]
Ticket = Annotated[str, of_length(1, 200)]
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


class FollowSession(Message):
    """Where to begin in a session."""

    after: Version = 0
    """Behind this version; a `Last-Event-ID` goes before it."""
    ticket: Ticket | None = None
    """Instead of a key, where no header can be sent."""


class FollowLog(Message):
    """Where to begin in the whole log."""

    after: Cursor | None = None
    """Behind this token; `now` for what comes; from the start, if left out."""
    ticket: Ticket | None = None
    """Instead of a key, where no header can be sent."""


class AskTicket(Message):
    """For how long a ticket opens a stream; one that is open stays so."""

    ttl_s: int = Field(default=60, ge=1, le=3600)


class ReadState(Message):
    """Which state of a session."""

    at: Annotated[str, of_length(1, 200)] | None = None
    """A version or a label; now, if left out."""


class CancelSession(Message):
    """Stop a session."""

    reason: Reason = ""


class PauseSession(Message):
    """Let nothing more begin in a session."""

    reason: Reason = ""


class ResumeSession(Message):
    """Let a session go on."""

    reason: Reason = ""


class DecideApproval(Message):
    """Whether a call may run that waits for a word."""

    approved: bool
    arguments: dict[str, Any] | None = None
    """What it is run with instead of the model's; as the model gave them, if left out."""
    reason: Reason = ""

    @model_validator(mode="after")
    def _edits_what_runs(self) -> Self:
        if self.arguments is not None and not self.approved:
            raise ValueError("arguments are for a call that is approved")
        return self


class ReconcileCall(Message):
    """What became of a call whose outcome a crash left unknown."""

    outcome: Literal["happened", "did_not_happen"]
    data: Any = None
    """What it gave back, as the model is to be told."""
    reason: Reason = ""


class RaiseBudget(Message):
    """How much a session may spend from now on, in all; what is left out stays."""

    tokens: Annotated[int, Field(ge=1, le=10**12)] | None = None
    steps: Annotated[int, Field(ge=1, le=10**6)] | None = None
    seconds: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    cost: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    """In dollars."""
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
