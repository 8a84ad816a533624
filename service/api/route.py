"""A route: what is asked and answered there, and who may ask."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from schema.envelope import Metadata
from schema.messages.base import Message
from service.api.door import Caller
from service.api.services import Services
from service.keys import Scope
from service.mind.writing import Author

OPEN: Final = "open"
"""The scope of what anybody may ask: whether we live, and how to use us."""

M = TypeVar("M")


class NoQuery(Message):
    """Nothing behind the `?`."""


class Empty(Message):
    """Nothing in the body, or `{}`."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, admitted and read."""

    services: Services
    caller: Caller
    parameters: Mapping[str, str]
    """The path's."""
    query: Message
    body: object
    metadata: Metadata
    id: UUID | None
    """Of what it makes, where the caller may repeat it; see `repeats`."""
    if_match: str | None
    """The version that a change rests on."""
    last_event_id: str | None = None
    """The last event of a stream that the caller has."""

    @property
    def agent(self) -> str:
        """The agent that the path names."""
        return self.parameters["agent"]

    @property
    def session(self) -> UUID:
        """The session that the path names."""
        return UUID(self.parameters["session"])

    @property
    def author(self) -> Author:
        """Who writes."""
        return Author(
            actor=self.caller.actor,
            id=self.id,
            request=self.metadata.correlation_id,
            traceparent=self.metadata.traceparent,
        )

    def asked(self, kind: type[M]) -> M:
        """What stands behind the `?`."""
        assert isinstance(self.query, kind)  # noqa: S101 - the route says so.
        return self.query

    def said(self, kind: type[M]) -> M:
        """The body."""
        assert isinstance(self.body, kind)  # noqa: S101 - the route says so.
        return self.body


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered."""

    body: Any
    status: int = 200
    version: int | str | None = None
    """Becomes the ETag."""
    location: str | None = None
    replayed: bool = False
    """It had been done before, by the same request."""


@dataclass(frozen=True)
class Stream:
    """What is answered bit by bit, as it comes."""

    chunks: AsyncGenerator[bytes, None]
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Call], Awaitable[Reply | Stream | web.StreamResponse]]
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path.

    Everything that is known of it stands here: the application, the table of permissions and the
    documentation are made from it.
    """

    method: Method
    path: str
    handler: Handler
    scope: Scope | Literal["open"]
    summary: str
    group: str
    query: type[Message] = NoQuery
    body: Any = None
    """A message, or a union of some; None where no body is read."""
    answer: type[BaseModel] | None = None
    status: int = 200
    of_all: bool = False
    """It tells of every agent, and so nothing to a key that is for some."""
    repeatable: bool = False
    """Takes an `Idempotency-Key`."""
    conditional: bool = False
    """Takes an `If-Match`."""
    streamed: bool = False
    """Answers a `Stream`, and takes a ticket in place of a key."""
    media: str = "application/json"
    example: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """As the handler is called."""
        return self.handler.__name__
