"""What handlers ask: all that a request can reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from eventlog.log import EventLog
from eventlog.runner import Runner
from eventlog.tokens import to_token
from service.api.live import Live
from service.mind.lanes import Lanes
from service.runtime import Runtime
from service.supervisor import Supervisor


@dataclass(frozen=True)
class Services:
    """The parts of this process that are reached over HTTP."""

    runtime: Runtime
    supervisor: Supervisor
    runners: Mapping[str, Runner]
    """Of the projections that this process keeps level."""
    begun: Lanes = field(default_factory=Lanes)
    """One request after the other begins a session under the same id."""

    @cached_property
    def live(self) -> Live:
        """Whom to ask to follow the log."""
        return Live(self.log, self.supervisor.voices)

    @property
    def log(self) -> EventLog:
        """The log."""
        return self.runtime.log

    def token(self, stream: str, position: int) -> str | None:
        """The place of what was just written, as the outside may know it."""
        if position == 0:
            return None
        return to_token(self.log.epoch, {self.log.partition_of(stream): position})
