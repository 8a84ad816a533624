"""Server-sent events as bytes: what is in the log has an id, what is of the moment has none."""

from typing import Any, Final, NamedTuple

from eventlog.tokens import to_token
from schema.envelope import RecordedEvent
from service.api.exact import encoded
from service.api.shapes import event_message

BEAT: Final = b": still here\n\n"
"""A comment, which no client is told of: it keeps the connection open, or finds it closed."""
OPENING: Final = b"retry: 1000\n\n"
"""How long a browser waits before it comes again, in milliseconds."""
THINKING: Final = b"event: thinking\ndata: {}\n\n"


class Frame(NamedTuple):
    """An event of the log, encoded for all who listen."""

    place: int
    """In the stream; of the whole log, its number in the hub's own count."""
    type: str
    sent: bytes
    partition: int
    position: int


def session_frame(epoch: int, fact: RecordedEvent) -> Frame:
    """*fact* as those who follow its session get it; its id is its version."""
    token = to_token(epoch, {fact.partition: fact.position})
    sent = _durable(str(fact.version), event_message(fact, token))
    return Frame(fact.version, fact.type, sent, fact.partition, fact.position)


def log_frame(place: int, token: str, fact: RecordedEvent) -> Frame:
    """*fact* as those who follow the whole log get it; its id is the *token* of all before it."""
    sent = _durable(token, event_message(fact, token))
    return Frame(place, fact.type, sent, fact.partition, fact.position)


def ephemeral(name: str, data: Any) -> bytes:
    """What is of the moment: nobody can ask for it again."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encoded(data))


def _durable(id_: str, data: Any) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (id_.encode(), encoded(data))
