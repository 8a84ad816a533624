"""What to do next in a session, read off its state."""

from typing import Final, TypeAlias

from msgspec import Struct

from schema import events
from schema.events import Effect, Erased, Event, Limits, Protocol
from service.agent import budgets
from service.agent.control import unapproved, wants_word
from service.agent.reading import Reading, read
from service.agent.session import SessionState, Status
from service.agent.turn import Turn


class Recall(Struct, frozen=True):
    """Ask memory and graph what they hold for the task, before the first step."""

    query: str


class Think(Struct, frozen=True):
    """Ask the model."""

    step: int


class Transact(Struct, frozen=True):
    """Run a tool on the agent's own mind: what it changes and its return are one append."""

    call: events.ToolCalled


class Act(Struct, frozen=True):
    """Run tools: every call of the turn that has not returned, in the model's order."""

    calls: tuple[events.ToolCalled, ...]


class Pass(Struct, frozen=True):
    """Let the answer of that step pass its stages."""

    step: int
    answer: str


class Decide(Struct, frozen=True):
    """Append these, which follow from what is recorded, before anything else."""

    events: tuple[Event, ...]


class Wait(Struct, frozen=True):
    """Do nothing until an input comes from elsewhere."""

    reason: str


class Stop(Struct, frozen=True):
    """The session has ended."""

    reason: str


Move: TypeAlias = Recall | Think | Transact | Act | Pass | Decide | Wait | Stop


def next_move(state: SessionState) -> Move:
    """The one thing to do in *state*."""
    started = state.started
    if state.status in _AT_REST:
        return _rest(state)
    if started is None:
        return Wait("erased" if state.missing else "not_started")
    if state.deadline_passed:
        timeout_s = started.limits.session_timeout_s
        return _fail("deadline", f"the session's {timeout_s:g} s were up")
    if state.failure is not None:
        return _after_failure(state, started, state.failure)
    if state.turn is None:
        return _first(state, started)
    return _after_turn(state, started, state.turn)


OUTCOME_UNKNOWN: Final = "outcome_unknown"

_AT_REST: Final = frozenset(Status) - {Status.RUNNING, Status.WAITING}


def _rest(state: SessionState) -> Wait | Stop:
    reason = state.cause or state.status.value
    return Stop(reason) if state.ended else Wait(reason)


QUERY_CHARS_MAX: Final = 2048
"""Of a longer task its two ends are asked for: what is wanted stands at one of them."""


def _first(state: SessionState, started: events.SessionStarted) -> Recall | Think | Decide:
    memory_due = asks_memory(started) and state.recalled is None
    graph_due = started.graph is not None and state.graph is None
    if memory_due or graph_due:
        return Recall(_query(started.prompt))
    return _think(state, 1, started.limits)


def asks_memory(started: events.SessionStarted) -> bool:
    """Whether memory has anything to say before the first step."""
    memory = started.memory
    return memory is not None and (memory.max_memory_recalls > 0 or memory.working_shared)


def _query(prompt: str) -> str:
    if len(prompt) <= QUERY_CHARS_MAX:
        return prompt
    half = QUERY_CHARS_MAX // 2
    return f"{prompt[:half]}\n{prompt[-half:]}"


def _after_failure(
    state: SessionState, started: events.SessionStarted, failure: events.CompletionFailed
) -> Decide:
    """The world failed: ask another model, or wait for better times if there may be any."""
    if state.fallback < len(started.fallbacks):
        model = started.fallbacks[state.fallback]
        chosen = events.FallbackChosen(step=failure.step, model=model, cause=failure.code)
        return Decide((chosen,))
    if state.passing is not None:
        return _pause(state.passing.code, state.passing.detail)
    return _fail("provider", f"{failure.code}: {failure.detail}")


def _after_turn(state: SessionState, started: events.SessionStarted, turn: Turn) -> Move:
    if isinstance(turn.completion, Erased) or Erased in map(type, turn.calls):
        return Wait("erased")
    if not turn.calls:
        return _after_completion(state, started, turn.completion)
    calls = tuple(call for call in turn.unreturned if isinstance(call, events.ToolCalled))
    if not calls:
        return _think(state, turn.step + 1, started.limits)
    asked = unapproved(state) if started.approvals else ()
    calls = tuple(call for call in calls if call.call_id not in asked)
    if state.uncertain:
        named = ", ".join(f"{call.tool} ({call.call_id})" for call in calls)
        return _pause(OUTCOME_UNKNOWN, f"may have run before the process changed: {named}")
    if asked and state.status is Status.RUNNING:
        return Decide((events.ApprovalRequested(call_ids=asked),))
    return _run(state, calls)


def _run(state: SessionState, calls: tuple[events.ToolCalled, ...]) -> Move:
    """Run *calls*; of a session that waits first those that need nobody's word, side by side."""
    if state.status is Status.WAITING:
        free = tuple(call for call in calls if not wants_word(state, call))
        if not free and (state.waiting_for or not calls):
            return Wait(events.ApprovalRequested.type)
        calls = free or calls
    on_mind = next((call for call in calls if call.effect is Effect.TRANSACTIONAL), None)
    return Act(calls) if on_mind is None else Transact(on_mind)


def _after_completion(
    state: SessionState, started: events.SessionStarted, completion: events.CompletionReceived
) -> Move:
    if completion.stop_reason == "refusal":
        return _fail("refused", completion.text)
    reading = read(completion, started.limits, native=started.protocol is Protocol.NATIVE)
    if completion.stop_reason == "length" and reading.open_ended:
        limit = started.sampling.max_output_tokens
        return _fail("cut_short", f"the model was cut short at {limit} output tokens")
    if reading.problem is not None and state.unreadable >= started.limits.unreadable_max:
        return _fail("unreadable", reading.problem)
    if reading.answer is not None:
        return _after_answer(state, started, completion.step, reading.answer)
    if reading.actions:
        return Decide(_calls(reading, started, state.steps))
    return _think(state, state.steps + 1, started.limits)


def _after_answer(
    state: SessionState, started: events.SessionStarted, step: int, answer: str
) -> Pass | Decide:
    """Give the answer, once it came through its stages."""
    if not started.answer_stages:
        return Decide((events.SessionCompleted(answer=answer),))
    if state.passed is not None:
        return Decide((events.SessionCompleted(answer=state.passed.answer),))
    withheld = state.withheld
    if withheld is None:
        return Pass(step, answer)
    if withheld.retryable:
        return _pause(withheld.code, withheld.detail)
    return _fail("withheld", withheld.detail)


def _calls(
    reading: Reading, started: events.SessionStarted, step: int
) -> tuple[events.ToolCalled, ...]:
    effects = {tool.name: tool.effect for tool in started.tools}
    return tuple(
        events.ToolCalled(
            call_id=f"{step}.{index}",
            tool=action.tool,
            arguments=action.arguments,
            effect=effects.get(action.tool, Effect.PURE),  # an unknown tool does nothing
        )
        for index, action in enumerate(reading.actions)
    )


def _think(state: SessionState, step: int, limits: Limits) -> Think | Decide:
    if step > limits.max_iterations:
        return _fail("out_of_steps", f"no answer within {limits.max_iterations} steps")
    spent = budgets.reached(state)
    return Think(step) if spent is None else Decide((spent,))


def _pause(cause: str, detail: str) -> Decide:
    return Decide((events.SessionPaused(cause=cause, detail=detail),))


def _fail(cause: events.FailureCause, detail: str) -> Decide:
    return Decide((events.SessionFailed(cause=cause, detail=detail),))
