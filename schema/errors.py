"""The one tree of errors, cut by whose fault it is, and so by who may try again.

AgentRuntimeError
├── Refused                     the caller's: change the request
│   ├── Invalid                 a field does not hold what it must
│   │   ├── NotFinite           a NaN or an infinity
│   │   ├── NestedTooDeep       JSON nested beyond the limit
│   │   ├── NegativeWeight      a relationship below 0 where weights are added up
│   │   └── PayloadTooLarge     more bytes than an event may have
│   ├── NotFound                nothing has that name
│   ├── AlreadyThere            something has that name; to change it is another request
│   ├── CycleFound              what must have an order goes round in a circle
│   ├── WrongExpectedVersion    the stream moved on
│   ├── Fenced                  somebody else holds the lease now
│   ├── LeaseHeld               somebody drives this session already
│   ├── WrongStatus             the session does not stand where this can be said of it
│   ├── TokenRefused            a position from another log, or from before a restore
│   ├── ProviderRefused         the provider will not take this request, however often it is sent
│   ├── StageRefused            a pipeline's stage will not let this text pass
│   └── NotReady                an operator comes first: a database to migrate, a package to install
├── Unavailable                 the world's: the same request may succeed later
│   ├── DatabaseUnavailable     no connection, or none that answers in time
│   ├── ProviderUnavailable     timeouts, rate limits, outages, answers cut short
│   ├── BreakerOpen             it failed so often that it's left alone for a while
│   ├── BudgetSpent             an agent has spent what it may on a day
│   ├── PriceUnknown            what must not cost too much has no price
│   ├── Shed                    more is under way here than there is room for
│   ├── LeaseLost               our turn at a session is over, another process may go on
│   ├── DeadlinePassed          the time for a request was over before it was done
│   ├── GivenUp                 who did the same first stopped without an outcome
│   └── StageUnavailable        a pipeline's stage waits for the world, or took too long
└── Broken                      ours: stop, loudly
    ├── UnknownEvent            the log holds a type or shape that this program does not know
    ├── RebuildStopped          an event could not be projected while a read model was rebuilt
    └── StageFailed             a pipeline's stage has a fault

What the *model* does wrong is no error: it is an observation, and the loop goes on.

It stands in one file, long as that is: whoever adds an error sees its neighbours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

CYCLE_SAID_MAX: Final = 10
"""So many entities of a cycle stand in an error's sentence."""


class AgentRuntimeError(Exception):
    """Something that this product raises on purpose."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class Refused(AgentRuntimeError):
    """The caller's: the request must change."""

    code = "refused"


class Invalid(Refused):
    """A field does not hold what it must."""

    code = "invalid"

    def __init__(self, field: str, detail: str) -> None:
        """*field* is the dotted path of what is wrong; *detail* says how to mend it."""
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class NotFinite(Invalid):
    """A NaN or an infinity where JSON has no word for it."""

    code = "not_finite"


class NestedTooDeep(Invalid):
    """JSON nested beyond the limit."""

    code = "nested_too_deep"


class NegativeWeight(Invalid):
    """A relationship weighs less than 0 where weights are added up, as along a path."""

    code = "negative_weight"


class PayloadTooLarge(Invalid):
    """More bytes than an event may have."""

    code = "payload_too_large"


class NotFound(Refused):
    """Nothing has that name."""

    code = "not_found"


class AlreadyThere(Refused):
    """Something has that name already; to change it is another request."""

    code = "already_there"


class CycleFound(Refused):
    """What must have an order goes round in a circle."""

    code = "cycle_found"

    def __init__(self, cycle: Sequence[str]) -> None:
        """*cycle* names each entity once, in the direction of the relationships."""
        said = [repr(id_) for id_ in cycle[:CYCLE_SAID_MAX]]
        rest = [f"… {len(cycle) - len(said)} more …"] if len(cycle) > len(said) else []
        super().__init__(f"there is a cycle: {' → '.join([*said, *rest, said[0]])}")
        self.cycle = tuple(cycle)


class WrongExpectedVersion(Refused):
    """The stream moved on since the caller last read it."""

    code = "wrong_expected_version"

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        """*expected* and *actual* are versions of *stream*."""
        super().__init__(f"{stream} is at version {actual}, not at {expected}: read it again")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class Fenced(Refused):
    """Somebody else holds the session's lease now; this holder must stop."""

    code = "fenced"

    def __init__(self, stream: str, epoch: int, actual: int) -> None:
        """*epoch* is the caller's, *actual* the newer one that the log has seen."""
        super().__init__(f"{stream} was taken over: its lease has epoch {actual}, ours is {epoch}")
        self.stream = stream
        self.epoch = epoch
        self.actual = actual


class LeaseHeld(Refused):
    """Somebody drives this session already."""

    code = "lease_held"

    def __init__(self, session_id: UUID, until: datetime) -> None:
        """*until* then it is theirs, by the server's clock, and longer as long as they live."""
        super().__init__(
            f"session {session_id} is driven by another process, "
            f"at least until {until:%Y-%m-%d %H:%M:%S} UTC"
        )
        self.session_id = session_id
        self.until = until


class WrongStatus(Refused):
    """The session does not stand where this makes sense; the message says how it stands."""

    code = "wrong_status"


class TokenRefused(Refused):
    """A position from another log, from before a restore, or from no log at all."""

    code = "token_refused"


class ProviderRefused(Refused):
    """The provider will not take this request, however often it is sent."""

    code = "provider_refused"

    def __init__(self, detail: str, status: int | None = None) -> None:
        """*status* is the HTTP status of the answer, if there was one."""
        super().__init__(detail)
        self.status = status


class StageRefused(Refused):
    """A pipeline's stage will not let this text pass."""

    code = "stage_refused"

    def __init__(self, stage: str, detail: str) -> None:
        """*stage* is its name."""
        super().__init__(f"stage {stage!r}: {detail}")
        self.stage = stage


class NotReady(Refused):
    """The database or this installation needs an operator; the message says what mends it."""

    code = "not_ready"


class Unavailable(AgentRuntimeError):
    """The world's: the same request may succeed later."""

    code = "unavailable"
    retryable = True

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        """*retry_after_s* is how long the other side asked us to wait, in seconds."""
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class DatabaseUnavailable(Unavailable):
    """There is no connection to PostgreSQL, or none that answers in time."""

    code = "database_unavailable"


class ProviderUnavailable(Unavailable):
    """The provider timed out, limited us, failed, or cut its answer short."""

    code = "provider_unavailable"

    def __init__(
        self, detail: str, retry_after_s: float | None = None, status: int | None = None
    ) -> None:
        """*status* is the HTTP status of the answer, if there was one."""
        super().__init__(detail, retry_after_s)
        self.status = status


class BreakerOpen(Unavailable):
    """It failed so often in a row that nobody calls it for a while."""

    code = "breaker_open"

    def __init__(self, name: str, retry_after_s: float) -> None:
        """*name* is what the breaker guards."""
        super().__init__(
            f"{name} failed too often and is left alone: try again in {retry_after_s:.1f} s",
            retry_after_s,
        )
        self.name = name


class BudgetSpent(Unavailable):
    """An agent has spent what it may on a day, or would with the next call."""

    code = "daily_budget_reached"


class PriceUnknown(Unavailable):
    """A budget bounds what a call may cost, and nobody knows what it costs."""

    code = "price_unknown"


class Shed(Unavailable):
    """More is under way here than there is room for."""

    code = "shed"

    def __init__(
        self, what: str, *, depth: int, capacity: int, retry_after_s: float | None = None
    ) -> None:
        """*depth* of *what*, in the plural, are under way where *capacity* fit."""
        super().__init__(f"{depth} {what} are under way, and {capacity} fit", retry_after_s)
        self.what = what
        self.depth = depth
        self.capacity = capacity


class LeaseLost(Unavailable):
    """The turn at a session is over for this process; another one may go on with it."""

    code = "lease_lost"


class DeadlinePassed(Unavailable):
    """The time for a request was over before it was done."""

    code = "deadline_passed"


class GivenUp(Unavailable):
    """Who did the same first stopped without an outcome."""

    code = "given_up"


class StageUnavailable(Unavailable):
    """A pipeline's stage waits for the world, or took too long."""

    code = "stage_unavailable"

    def __init__(self, stage: str, detail: str, retry_after_s: float | None = None) -> None:
        """*stage* is its name."""
        super().__init__(f"stage {stage!r}: {detail}", retry_after_s)
        self.stage = stage


class Broken(AgentRuntimeError):
    """Ours: stop, loudly."""

    code = "broken"


class UnknownEvent(Broken):
    """The log holds a type or schema version that this program does not know."""

    code = "unknown_event"


class RebuildStopped(Broken):
    """An event could not be projected while a read model was rebuilt."""

    code = "rebuild_stopped"


class StageFailed(Broken):
    """A pipeline's stage has a fault."""

    code = "stage_failed"

    def __init__(self, stage: str, detail: str) -> None:
        """*stage* is its name; *detail* quotes nobody, for who knows what they wrote."""
        super().__init__(f"stage {stage!r}: {detail}")
        self.stage = stage
