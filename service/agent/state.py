"""What is known of a session at one of its versions."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from schema import events
from schema.events import Budget, Usage
from service.agent.shared import Shared
from service.agent.turn import Turn
from service.memory.working import Working


class Status(StrEnum):
    """Where a session stands."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class SessionState(Struct, frozen=True, gc=False):
    """A session after its first *version* events."""

    version: int = 0
    """How many events were folded, known and unknown ones."""
    started: events.SessionStarted | None = None
    recalled: events.MemoryRecalled | None = None
    """What memory held for the task, before the first step."""
    graph: events.GraphRecalled | None = None
    """What the graph held around the entities that the task names, before the first step."""
    working: Working = Working()
    """The session's own working memory."""
    status: Status = Status.RUNNING
    turns: Shared[Turn] = Shared()
    """Every turn before the open one; they never change again."""
    turn: Turn | None = None
    """The open turn: the newest completion and what it led to so far."""
    unreadable: int = 0
    """How many of the last turns before the open one asked for nothing that could be done."""
    failure: events.CompletionFailed | None = None
    """The failed completion that nothing was decided about yet."""
    failures: int = 0
    """Completions that failed, in all."""
    passing: events.CompletionFailed | None = None
    """The last failure since the last completion that time may mend."""
    fallback: int = 0
    """How many of the session's fallbacks were chosen since it was last taken up."""
    passed: events.AnswerPassed | None = None
    """The answer that came through its stages."""
    withheld: events.AnswerWithheld | None = None
    """Why the answer did not, where nothing was decided about that yet."""
    deadline_passed: bool = False
    doubtful: tuple[str, ...] = ()
    """Calls that must not run twice, and had not returned when the process changed."""
    answer: str | None = None
    cause: str | None = None
    """Why the session paused, failed or was cancelled."""
    detail: str = ""
    usage: Usage = Usage()
    cost_micro_usd: int = 0
    """What its completions cost, those whose price was known."""
    unpriced: int = 0
    """How many completions there are whose price was not."""
    budget: Budget = Budget()
    """What it may spend by now."""
    busy_ms: float = 0.0
    """How long models and tools were at work, those before the open turn's tools."""
    tools_ms: float = 0.0
    """How long the longest tool of the open turn was."""
    waiting_for: tuple[str, ...] = ()
    """The calls that wait for somebody's word, in the model's order."""
    approved: tuple[str, ...] = ()
    """Calls of the open turn that somebody let run."""
    released: tuple[str, ...] = ()
    """Those of them that the session was taken up with: they may have begun."""
    rested: bool = False
    """Nobody has driven it since it came to rest: what it is to do next has not begun."""
    epoch: int = 0
    labels: Shared[events.CheckpointLabelled] = Shared()
    missing: Shared[tuple[int, str]] = Shared()
    """Version and type of each event whose data was erased."""

    @property
    def steps(self) -> int:
        """How many completions there are."""
        return 0 if self.turn is None else self.turn.step

    @property
    def model(self) -> str:
        """Whom it asks now, as `provider:model`; empty where what it began with is not known."""
        if self.started is None:
            return ""
        return (self.started.model, *self.started.fallbacks)[self.fallback]

    @property
    def cost(self) -> float | None:
        """What it cost, in dollars; None where the price of a completion is not known."""
        return None if self.unpriced else self.cost_micro_usd / 1_000_000

    @property
    def uncertain(self) -> bool:
        """Whether nothing may be done before somebody finds out what was."""
        return bool(self.doubtful)

    @property
    def goes_on(self) -> bool:
        """Whether a driver may have something to begin."""
        return self.status in (Status.RUNNING, Status.WAITING)

    @property
    def ended(self) -> bool:
        """Whether nothing will ever be decided in this session again."""
        return self.status in ENDED
