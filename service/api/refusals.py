"""What is refused because of how it was asked over HTTP, before anything was done."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from schema.errors import Refused

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Unanswered(Refused):
    """A request that nobody looked into; each class has its HTTP status."""

    status: ClassVar[int] = 400
    headers: ClassVar[Mapping[str, str]] = NO_HEADERS


class Unreadable(Unanswered):
    """The body is no JSON, or none that we read."""

    code = "unreadable"


class Unauthenticated(Unanswered):
    """No key, or none that is good: which of the two we don't say."""

    code = "unauthenticated"
    status = 401
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer realm="agent-runtime"'})


class Forbidden(Unanswered):
    """The key is good, but not for this."""

    code = "forbidden"
    status = 403


class WrongMedia(Unanswered):
    """A body that is not said to be JSON."""

    code = "unsupported_media_type"
    status = 415


class TooLong(Unanswered):
    """A path with a query beyond the limit."""

    code = "uri_too_long"
    status = 414


class TooLarge(Unanswered):
    """A body beyond the limit."""

    code = "payload_too_large"
    status = 413


class TooSlow(Unanswered):
    """A body that did not come in time."""

    code = "request_timeout"
    status = 408
    retryable = True


class Changed(Unanswered):
    """It is at another version than the caller's `If-Match` names."""

    code = "precondition_failed"
    status = 412


class OtherBody(Unanswered):
    """The `Idempotency-Key` came before, with another body."""

    code = "idempotency_key_reused"
    status = 422


class Misfit(Unanswered):
    """Fields that do not hold what they must."""

    code = "invalid"
    status = 422

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """*errors* each have a `detail`, and a `pointer`, `parameter` or `header`."""
        first = errors[0]
        place = str(first.get("pointer") or first.get("parameter") or first.get("header") or "")
        named = place.strip("/").replace("/", ".") or "body"
        super().__init__(f"{named}: {first['detail']}")
        self.errors = tuple(errors)
