"""Verify: a replay that compares what was recorded with what the rules make of it.

Decisions must be equal to those that the pinned rules take at that place; inputs must be
admissible there; the digest of each prompt must be that of the prompt built again.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from schema import json_text
from schema.envelope import RecordedEvent
from schema.events import (
    BudgetReached,
    Erased,
    Event,
    EventsErased,
    GraphRecalled,
    MemoryRecalled,
    SessionFailed,
    SessionForked,
    SessionStarted,
    Side,
    ToolCalled,
)
from service.agent.moves import Act, Decide, Move, Pass, Recall, Stop, Think, Transact, Wait
from service.agent.prompt import Prompt
from service.agent.rules import RULES, Rules
from service.agent.session import SessionState, evolve
from service.replay.admissible import CONTROL, comes_alone, objection
from service.replay.erasures import Erasures
from service.replay.on_control import erased_word_for
from service.replay.on_mind import change_begun, due_words
from service.replay.place import Place
from service.replay.report import Checked, Difference, Kind, Report


def verify(
    recorded: Iterable[RecordedEvent],
    *,
    changed: Collection[int] = (),
    up_to: int | None = None,
) -> Report:
    """Compare a session's events, from its first one, with what its rules make of them.

    *changed* holds the versions whose stored digest is not that of their bytes. Behind version
    *up_to* nothing is compared, but it may be there that an erasure is recorded: give all events.
    """
    walk, cut = _Walk(), False
    for fact in recorded:
        if up_to is not None and fact.version > up_to:
            cut = True
            walk.erasures.hear(fact)
            continue
        if difference := walk.step(fact, changed):
            return Report(difference, walk.checked)
    return Report(walk.unrecorded() or (None if cut else walk.end()), walk.checked)


class _Walk:
    """The place that verifying has reached in a session."""

    def __init__(self) -> None:
        self.checked = Checked()
        self.erasures = Erasures()
        self._agent_id: str | None = None
        self._state = SessionState()
        self._rules: Rules | None = None
        self._prompt: Prompt | None = None
        self._move: Move = Wait("not_started")
        self._under_way: Move = self._move
        self._owed: list[Event] = []
        """Decisions that must come next, the next one last."""
        self._begun = False
        """The event that they follow from is in one append with them: nothing comes in between."""
        self._forked = False
        """Nobody has driven it since it was forked."""
        self._half: str | None = None
        """The call whose change of the mind is told, and whose return is in one append with it;
        or what comes behind memory in one append."""
        self._times: dict[str | None, datetime] = {}
        """When each call was made; under no name, when the session started."""

    def step(self, fact: RecordedEvent, changed: Collection[int]) -> Difference | None:
        if difference := self._compared(fact, changed):
            return difference
        self.checked.events += 1
        self.erasures.take(fact)
        self._note(fact)
        self._state = evolve(self._state, fact.event)
        self._look_ahead(fact.event)
        return None

    def _note(self, fact: RecordedEvent) -> None:
        """Remember of *fact* what the state does not tell."""
        match fact.event:
            case SessionStarted():
                self._times[None] = fact.recorded_at
            case ToolCalled(call_id=call_id):
                self._times[call_id] = fact.recorded_at
        self._half = change_begun(self._state, self._under_way, fact.event)

    def unrecorded(self) -> Difference | None:
        """The first event whose data is gone although no event says that it was erased."""
        for version, event_type in self.erasures.unrecorded():
            return Difference(
                kind="data",
                version=version,
                event_type=event_type,
                expected="its data, for no events_erased names it",
                found="none",
            )
        return None

    def end(self) -> Difference | None:
        """What the last event leaves to be decided was decided with it."""
        taken_up_later = self._state.rested or self._forked  # Whoever does that will decide.
        owed = [] if taken_up_later else self._owed
        due = _words(owed[-1]) if owed else due_words(self._half)
        if self._state.missing or not due:
            return None
        return Difference(
            kind="end",
            version=self._state.version + 1,
            event_type=due.partition(" ")[0],
            expected=due,
            found="the end of the session",
        )

    def _compared(self, fact: RecordedEvent, changed: Collection[int]) -> Difference | None:
        if fact.version in changed:
            return _difference("data", fact, "the bytes that were appended", "other bytes")
        if fact.version != self._state.version + 1:
            expected = f"version {self._state.version + 1}"
            return _difference("order", fact, expected, f"version {fact.version}")
        agent_id = self._owner(fact)
        if fact.agent_id != agent_id:
            return _difference("data", fact, f"agent {agent_id}", f"agent {fact.agent_id}")
        if isinstance(fact.event, Erased):
            self.checked.erased += 1
            return None
        if isinstance(fact.event, SessionStarted) and fact.event.rules not in RULES:
            return _difference("rules", fact, f"rules {list(RULES)}", f"rules {fact.event.rules}")
        if fact.event.side is Side.DECISION:
            return self._decision(fact)
        return self._input(fact)

    def _owner(self, fact: RecordedEvent) -> str:
        """Whose session it is: its start says so, or its first event where that was erased."""
        if self._agent_id is None:
            event = fact.event
            self._agent_id = event.agent_id if isinstance(event, SessionStarted) else fact.agent_id
        return self._agent_id

    def _decision(self, fact: RecordedEvent) -> Difference | None:
        self.checked.decisions += 1
        if not self._owed:
            if self._follows_what_was_erased(fact.event):
                return None
            return _difference("decision", fact, _move_words(self._move), _words(fact.event))
        if self._owed[-1] != fact.event and not erased_word_for(self._owed[-1], self._state):
            return _difference("decision", fact, _words(self._owed[-1]), _words(fact.event))
        return None

    def _follows_what_was_erased(self, decision: Event) -> bool:
        """Whether the reasons of *decision* here went with the data of an erased event."""
        missing = self._state.missing
        unreadable = isinstance(decision, SessionFailed) and decision.cause == "unreadable"
        # Those before count too, and an erased one may have been unreadable.
        if unreadable and any(kind == "completion_received" for _, kind in missing):
            return True
        if isinstance(decision, BudgetReached) and missing:
            return True  # What was spent before may have been erased.
        newest = missing[-1][0] if missing else 0
        return self._move == Wait("erased") or 0 < newest == self._state.version

    def _input(self, fact: RecordedEvent) -> Difference | None:
        self.checked.inputs += 1
        comes_first = self._begun or type(fact.event) not in CONTROL
        if type(fact.event) is SessionForked:  # What its parent owed then, it decides afresh.
            comes_first = self._amid_calls()
        if self._owed and comes_first and not erased_word_for(self._owed[-1], self._state):
            return _difference("decision", fact, _words(self._owed[-1]), _words(fact.event))
        if isinstance(fact.event, EventsErased) and (kept := self._kept(fact.event)):
            return kept
        place = self._place(fact.event)
        if place.digest is not None:
            self.checked.prompts += 1
        if refused := objection(place, fact.event):
            return _difference(refused.kind, fact, refused.expected, refused.found)
        return None

    def _amid_calls(self) -> bool:
        """Whether some of the calls of a turn are recorded, and the others must come next."""
        calls = () if self._state.turn is None else self._state.turn.calls
        return bool(calls and self._owed) and isinstance(self._owed[-1], ToolCalled)

    def _place(self, event: Event) -> Place:
        asked_at = None
        if isinstance(event, MemoryRecalled | GraphRecalled):
            asked_at = self._times.get(event.call_id)
        return Place(self._state, self._under_way, self._digest(event), self._half, asked_at)

    def _kept(self, erasure: EventsErased) -> Difference | None:
        """The first event that has its data although *erasure* names it."""
        for version, event_type in self.erasures.kept(erasure):
            return Difference(
                kind="data",
                version=version,
                event_type=event_type,
                expected=f"no data, as version {self._state.version + 1} (events_erased) says",
                found="its data",
            )
        return None

    def _digest(self, event: Event) -> str | None:
        """The digest of the prompt that *event* answers, built again; None where it can't be."""
        asks = isinstance(self._under_way, Think) and event.type == "completion_received"
        state, rules = self._state, self._rules
        if not asks or state.missing or rules is None or state.started is None:
            return None
        self._prompt = rules.prompt(self._prompt, state)
        return None if self._prompt is None else self._prompt.digest.hex()

    def _look_ahead(self, event: Event) -> None:
        """What must come next, and what may."""
        if isinstance(event, SessionStarted):
            self._rules = RULES[event.rules]
        self._forked = isinstance(event, SessionForked)
        if self._forked:
            self._prompt = None  # It begins in another way, and is keyed by another salt.
        if self._owed and event.side is Side.DECISION:
            self._owed.pop()
            self._begun = True
            if self._owed:
                return
        self._move = self._move_now()
        self._owed = list(reversed(self._move.events)) if isinstance(self._move, Decide) else []
        self._begun = not comes_alone(event)
        # A model or a tool that was asked before a control event may still answer after it.
        if self._forked or type(event) not in CONTROL or isinstance(self._move, _EFFECTS):
            self._under_way = self._move

    def _move_now(self) -> Move:
        if self._rules is not None:
            return self._rules.next_move(self._state)
        return Wait("erased" if self._state.missing else "not_started")


_EFFECTS: Final = (Recall, Think, Transact, Act, Pass)


def _difference(kind: Kind, fact: RecordedEvent, expected: str, found: str) -> Difference:
    return Difference(
        kind=kind, version=fact.version, event_type=fact.type, expected=expected, found=found
    )


def _words(event: Event) -> str:
    return f"{event.type} {json_text.encode(event)}"


def _move_words(move: Move) -> str:
    match move:
        case Recall():
            return "what the mind holds for the task"
        case Think(step):
            return f"the completion of step {step}"
        case Transact(call):
            return f"the return of {call.call_id}"
        case Act(calls):
            return "the return of " + ", ".join(call.call_id for call in calls)
        case Pass(step):
            return f"what the stages make of the answer of step {step}"
        case Wait(reason) | Stop(reason):
            return f"no decision ({reason})"
        case Decide(owed):
            return ", ".join(_words(event) for event in owed)
