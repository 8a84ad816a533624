"""What a process and its worker say to each other."""

from typing import Any, TypeAlias

from msgspec import Struct

from schema import errors
from schema.errors import AgentRuntimeError, Broken


class Place(Struct, frozen=True, kw_only=True):
    """The graph that is asked about, at a version of its stream."""

    partition: int
    stream: str
    version: int
    projected: int
    """The rows tell of all up to here, which may be more or less."""
    erased: int
    """The version of the stream's last erasure, by now; 0 for none."""
    head: int
    """The last version that there was when somebody asked."""
    now: bool
    """Whether they ask about the last version, so that a later one is as good."""


class Start(Struct, frozen=True, kw_only=True, tag=True):
    """What a worker needs before anything else."""

    label: str
    """Of the database, for people."""
    options: dict[str, Any]
    """What the driver connects with."""
    environment: dict[str, str]
    """What it reads of the environment besides; here, since the child's own can be listed."""
    cache_bytes: int


class Ask(Struct, frozen=True, kw_only=True, tag=True):
    """A question about one graph."""

    place: Place
    query: dict[str, Any]
    """As `schema.messages.graph.checked_query` takes it."""


class Compare(Struct, frozen=True, kw_only=True, tag=True):
    """What one graph lacks of another, so that it would hold that, too."""

    own: Place
    other: Place
    limit: int
    """Of the events in one answer."""


Request: TypeAlias = Start | Ask | Compare


class Answer(Struct, frozen=True, kw_only=True, tag=True):
    """It is done; the result is the frame's other part."""

    version: int
    """That the answer is true of."""
    loads: int
    """How often the worker has made a graph of rows until now."""


class Failure(Struct, frozen=True, kw_only=True, tag=True):
    """An error of ours, on its way to another process."""

    kind: str
    said: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, error: AgentRuntimeError) -> "Failure":
        """*error*, ready to go."""
        return cls(kind=type(error).__name__, said=str(error), fields=vars(error))

    def error(self) -> AgentRuntimeError:
        """It, as it was raised over there: class, sentence and fields."""
        kind = getattr(errors, self.kind, Broken)
        error: AgentRuntimeError = kind.__new__(kind, self.said)
        for name, value in self.fields.items():
            setattr(error, name, tuple(value) if isinstance(value, list) else value)
        return error


class CalledBack(Struct, frozen=True, kw_only=True, tag=True):
    """The question was given up, as it was asked for."""


Reply: TypeAlias = Answer | Failure | CalledBack
