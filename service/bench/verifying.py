"""Replaying and verifying one long session, out of the log and in memory."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import perf_counter, process_time
from typing import Final
from uuid import UUID

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import EventLog, open_log
from schema.events import (
    CompletionReceived,
    Event,
    Limits,
    SessionStarted,
    ToolCalled,
    ToolReturned,
)
from service.agent.moves import Decide
from service.agent.prompt import Prompt
from service.agent.rules import LATEST, RULES
from service.agent.session import fold
from service.bench.bench import Bench, Budget, Contest, Sample
from service.bench.written import AGENT, write_session
from service.replay.past import Past, read_past, verified
from service.replay.states import states

STEPS: Final = 33_333
"""Which makes 100,001 events."""
ANSWER: Final = "FINAL_ANSWER: there"
OBSERVATION: Final = '{"ok":true,"data":"the valve on line seven was closed at noon"}'


def verify_bench(*budgets: Budget) -> Bench:
    """Events per second of one core: every decision taken again, every prompt built again."""

    @asynccontextmanager
    async def prepare(database: Database) -> AsyncIterator[Contest]:
        async with open_log(database, BellSettings()) as log:
            session_id = await write_session(log, list(true_session(STEPS)))
            yield Contest(_Verifying(log, session_id).measure)

    params = {"events": 3 * STEPS + 2}
    return Bench(name="verify", params=params, unit="events/s", prepare=prepare, budgets=budgets)


class _Verifying:
    def __init__(self, log: EventLog, session_id: UUID) -> None:
        self._log = log
        self._session_id = session_id

    async def measure(self, round_s: float) -> Sample:
        """As often as fits into the round, and once at least; by the time of our own core."""
        until, done = perf_counter() + round_s, 0
        read_s = verified_s = replayed_s = 0.0
        while not done or perf_counter() < until:
            began_s = process_time()
            past = await read_past(self._log, self._session_id)
            assert isinstance(past, Past)  # noqa: S101 - else it measured something else.
            have_read_s = process_time()
            report = verified(past, len(past.facts))
            assert report.difference is None, report.difference  # noqa: S101
            have_verified_s = process_time()
            for _state in states(past.facts):
                pass
            done += report.checked.events
            read_s += have_read_s - began_s
            verified_s += have_verified_s - have_read_s
            replayed_s += process_time() - have_verified_s
        also = {
            "replay_events/s": done / replayed_s,
            "with_reading_events/s": done / (read_s + verified_s),
        }
        return Sample(done / verified_s, also=also)


def true_session(steps: int) -> Iterator[Event]:
    """A session that verifies: *steps* steps with a call each, then an answer."""
    started = SessionStarted(
        agent_id=AGENT,
        prompt="Find it.",
        model="scripted:bench",
        rules=LATEST,
        salt="0" * 32,
        limits=Limits(max_iterations=steps + 1),
    )
    yield started
    rules, prompt, state = RULES[LATEST], None, fold([started])
    for step in range(1, steps + 2):
        prompt = rules.prompt(prompt, state)
        wants = ANSWER if step > steps else f'Action: look {{"shelf": {step}}}'
        said = _completion(step, wants, prompt)
        state = fold([said], state)
        yield said
        move = rules.next_move(state)
        assert isinstance(move, Decide)  # noqa: S101 - it calls, or it answers.
        yield from move.events
        state = fold(move.events, state)
        for fact in _returned(move):
            yield fact
            state = fold([fact], state)


def _completion(step: int, wants: str, prompt: Prompt | None) -> CompletionReceived:
    return CompletionReceived(
        step=step,
        text=f"Thought: It may be there.\n{wants}\n",
        model="scripted",
        prompt_digest="" if prompt is None else prompt.digest.hex(),
    )


def _returned(move: Decide) -> Iterator[Event]:
    for call in move.events:
        if isinstance(call, ToolCalled):
            yield ToolReturned(call_id=call.call_id, ok=True, observation=OBSERVATION)
