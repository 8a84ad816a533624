"""What agents are defined as: immutable versions, each an event on its agent's own stream."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from eventlog.log import EventLog
from eventlog.members import StreamAppend
from eventlog.rows import recorded
from eventlog.statements import statement
from schema.envelope import AT_HEAD, RecordedEvent
from schema.errors import Invalid, NotFound, WrongExpectedVersion
from schema.events import AgentDefined, MemoryPolicy
from schema.ids import AGENTS_KEPT, agent_stream, checked_agent_id
from service.origin import said_by

if TYPE_CHECKING:  # Most commands define nothing, and it brings all other messages along.
    from schema.messages.agents import DefineAgent

LAST: Final = statement(__package__, "last_definition")
LIST: Final = statement(__package__, "list_agents")
HEAD: Final = statement(__package__, "head_of_stream")

LISTED_MAX: Final = 10_000
KNOWN_FOR_S: Final = 1.0
UNDEFINED: Final = AgentDefined(model="")


class Definition(Struct, frozen=True, kw_only=True):
    """One version of what an agent is."""

    fact: RecordedEvent
    defined: AgentDefined

    @property
    def version(self) -> int:
        """Of the agent's stream; a session tells which one it began with."""
        return self.fact.version


class Known(Struct, frozen=True, kw_only=True):
    """An agent, and how much of it there is."""

    agent_id: str
    definitions: int
    """0 for one that was never defined."""
    memories: int
    """Episodes and facts that it holds, as far as the rows of memory have come."""
    sessions: int


async def define(
    log: EventLog,
    agent_id: str,
    command: "DefineAgent",
    *,
    actor: str,
    rests_on: int | None = None,
) -> Definition:
    """Record what *agent_id* is from here on; sessions that have begun keep what they began with.

    One who defines it again alike gets the version that stands there. `WrongExpectedVersion` where
    another one stands than that which the caller says it *rests_on*, 0 for none.
    """
    stream = agent_stream(checked_agent_id(agent_id))
    defined = command.as_event()
    expected = AT_HEAD if rests_on is None else await _head(log, stream)
    stands = await definition_of(log, agent_id)
    version = 0 if stands is None else stands.version
    if rests_on is not None and version != rests_on:
        raise WrongExpectedVersion(stream, rests_on, version)
    if stands is not None and stands.defined == defined:
        return stands
    append = StreamAppend(stream, expected, (defined,))
    (appended,) = await log.append(agent_id, append, metadata=said_by(actor))
    return await definition_at(log, agent_id, appended.version)


async def _head(log: EventLog, stream: str) -> int:
    async with log.database.acquire() as conn:
        return int(await conn.fetchval(HEAD, log.partition_of(stream), stream) or 0)


async def definition_of(log: EventLog, agent_id: str) -> Definition | None:
    """What *agent_id* is now; None where nobody defined it."""
    stream = agent_stream(checked_agent_id(agent_id))
    partition = log.partition_of(stream)
    async with log.database.acquire() as conn:
        row = await conn.fetchrow(LAST, partition, stream)
    return None if row is None else _definition(recorded(partition, row))


async def definition_at(log: EventLog, agent_id: str, version: int | None) -> Definition:
    """What *agent_id* was by its *version*, or is now; `NotFound` where there is none."""
    found: Definition | None = None
    if version is None:
        found = await definition_of(log, agent_id)
    elif version > 0:
        stream = agent_stream(checked_agent_id(agent_id))
        async with aclosing(log.read_stream(stream, after=version - 1, up_to=version)) as blocks:
            facts = [fact async for block in blocks for fact in block]
        found = next((_definition(f) for f in facts if isinstance(f.event, AgentDefined)), None)
    if found is None:
        which = "no definition" if version is None else f"no definition {version}"
        raise NotFound(f"agent {agent_id} has {which}: `agent-runtime agents define` makes one")
    return found


async def list_agents(log: EventLog, limit: int) -> Sequence[Known]:
    """Every agent that the log knows of, by name."""
    if not 1 <= limit <= LISTED_MAX:
        raise Invalid("limit", f"{limit} is not between 1 and {LISTED_MAX}")
    async with log.database.acquire() as conn:
        rows = await conn.fetch(LIST, limit)
    return [
        Known(
            agent_id=row["agent_id"],
            definitions=row["definitions"] or 0,
            memories=row["memories"],
            sessions=row["sessions"],
        )
        for row in rows
    ]


def _definition(fact: RecordedEvent) -> Definition:
    assert isinstance(fact.event, AgentDefined)  # noqa: S101 - asked for by its type.
    return Definition(fact=fact, defined=fact.event)


class Definitions:
    """What agents are by now; what another process defines counts in a second.

    A write of memory and a call to a model ask for it each time, and would wait for a query each
    time.
    """

    def __init__(self, log: EventLog, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, AgentDefined]] = OrderedDict()

    async def defined(self, agent_id: str) -> AgentDefined:
        """The definition of *agent_id*; all defaults, and no model, where it was never defined."""
        known = self._known.get(agent_id)
        if known is None or self._clock() - known[0] >= KNOWN_FOR_S:
            asked_at = self._clock()
            definition = await definition_of(self._log, agent_id)
            defined = UNDEFINED if definition is None else definition.defined
            known = self._known[agent_id] = (asked_at, defined)
            if len(self._known) > AGENTS_KEPT:
                self._known.popitem(last=False)
        return known[1]

    async def policy_of(self, agent_id: str) -> MemoryPolicy:
        """How *agent_id* remembers."""
        return (await self.defined(agent_id)).memory

    def forget(self, agent_id: str) -> None:
        """Look again, when somebody asks for it next."""
        self._known.pop(agent_id, None)
