"""Whence what happens comes: the request that is answered, bound at the door for all behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from structlog.contextvars import bound_contextvars

from schema.envelope import Metadata


@dataclass(frozen=True)
class Origin:
    """A request, as events and logs name it."""

    request: str | None = None
    traceparent: str | None = None


NOBODY: Final = Origin()
_ORIGIN: Final = ContextVar("origin", default=NOBODY)


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Let all that the block does, also in tasks that it starts, belong to *origin*."""
    token = _ORIGIN.set(origin)
    try:
        with bound_contextvars(request=origin.request):
            yield
    finally:
        _ORIGIN.reset(token)


def said_by(actor: str) -> Metadata:
    """The metadata of what *actor* does now."""
    origin = _ORIGIN.get()
    return Metadata(actor=actor, correlation_id=origin.request, traceparent=origin.traceparent)
