"""Which events of a session led to which, as far as the session's own events tell."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schema import events
from schema.envelope import RecordedEvent
from schema.events import Erased


class Cause(NamedTuple):
    """An earlier event of the session, and what it was to the later one."""

    version: int
    why: str


_ENDS: Final = (
    events.SessionCompleted,
    events.SessionFailed,
    events.SessionPaused,
    events.BudgetReached,
)


class Causes:
    """What led to each event of a session, found in one walk over *facts*.

    A completion is led to by the step before it, what that gave back, and, the first one, by what
    the session began with: with these in turn, all that its prompt was made of.
    """

    def __init__(self, facts: Sequence[RecordedEvent]) -> None:
        self._began: list[Cause] = []
        self._step: list[Cause] = []
        """What the next completion is told that the one before was not."""
        self._completion: Cause | None = None
        self._last: int = 0
        self._calls: dict[str, list[Cause]] = {}
        """Of each call: it, and what was said about it or read for it."""
        self.of: dict[int, list[Cause]] = {}
        """Version → what led to it."""
        for fact in facts:
            self.of[fact.version] = self._take(fact.version, fact.event)
            self._last = fact.version

    def _take(self, version: int, event: events.Event) -> list[Cause]:
        match event:
            case events.SessionStarted():
                self._began.append(Cause(version, "the task"))
                return []
            case events.MemoryRecalled() | events.GraphRecalled():
                return self._read(version, event)
            case events.CompletionReceived() | events.CompletionFailed():
                return self._answered(version, event)
            case events.ToolCalled(call_id=call_id):
                self._calls[call_id] = [Cause(version, "the call")]
                return self._said()
            case events.ApprovalDecided(call_id=call_id) | events.ToolReconciled(call_id=call_id):
                self._calls.setdefault(call_id, []).append(Cause(version, "somebody's word"))
                return self._calls[call_id][:1]
            case events.ToolReturned(call_id=call_id):
                self._step.append(Cause(version, "an observation"))
                return self._calls.get(call_id, [])
            case events.SessionForked():
                return [Cause(self._last, "forked from here")]
            case Erased():
                return []
            case _ if isinstance(event, _ENDS):
                return self._said() or self._step[-1:]
            case _:
                return []

    def _read(
        self, version: int, event: events.MemoryRecalled | events.GraphRecalled
    ) -> list[Cause]:
        part = "memory" if isinstance(event, events.MemoryRecalled) else "the graph"
        if event.call_id is None:
            self._began.append(Cause(version, f"told of {part}"))
            return self._began[:1]
        asked = self._calls.setdefault(event.call_id, [])
        asked.append(Cause(version, f"found in {part}"))
        return asked[:1]

    def _answered(
        self, version: int, event: events.CompletionReceived | events.CompletionFailed
    ) -> list[Cause]:
        before = self._said() or self._began
        led = [*before, *self._step]
        if isinstance(event, events.CompletionReceived):
            self._completion = Cause(version, "the model's words")
            self._step = []
        return led

    def _said(self) -> list[Cause]:
        return [] if self._completion is None else [self._completion]
