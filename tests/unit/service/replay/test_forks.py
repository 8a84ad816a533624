"""A fork verifies wherever it was made, and what was changed of it is found."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema import events
from schema.events import Event
from service.agent.session import Status, fold
from service.replay import verify
from tests.corpus.audit_examples import FORKED
from tests.scripted_sessions import (
    ACTION,
    ANSWER,
    PAY,
    MemoryLog,
    asks,
    recorded,
    remembering,
    run,
    started,
)

NATIVE = events.Protocol.NATIVE
BOTH = asks(("calculator", {"expression": "1"}), ("pay", {"bill": "2"}), ("note", {"key": "a"}))
BEGUN: list[tuple[events.SessionStarted, Sequence[Any]]] = [
    (remembering(), (ACTION, ACTION, ANSWER)),
    (remembering(protocol=NATIVE), (BOTH, ANSWER)),
    (started(limits=events.Limits(max_iterations=1)), (ACTION,)),
    (started(), (asks(("pay", {}), text="?"), ANSWER)),
]


def forked(begun: int, at: int, fork: events.SessionForked = FORKED) -> list[Event]:
    """The events of a session that was forked at a version, and run to where it rests."""
    start, script = BEGUN[begun]

    async def both() -> list[Event]:
        log = MemoryLog()
        log.minds.remember("It is 391.", "Ana is 40.")
        await run(start, *script, log=log)
        version = whole(log.facts, 1 + at % len(log.facts))
        log.facts = [*log.facts[:version], replace(fork, at=version)]
        await run(start, ACTION, ANSWER, log=log)
        return log.facts

    return asyncio.run(both())


def whole(facts: Sequence[Event], version: int) -> int:
    """The first version from there on that is not amid the calls of a turn."""
    called = events.ToolCalled
    while version < len(facts) and all(
        isinstance(f, called) for f in facts[version - 1 : version + 1]
    ):
        version += 1
    return version


def test_a_fork_amid_the_calls_of_a_turn_is_found_out():
    facts = asyncio.run(_both_calls())
    first = next(n for n, f in enumerate(facts, 1) if isinstance(f, events.ToolCalled))
    amid = [*facts[:first], replace(FORKED, at=first)]

    difference = verify(recorded(amid)).difference

    assert difference is not None
    assert (difference.kind, difference.version) == ("decision", first + 1)


async def _both_calls() -> list[Event]:
    _, log = await run(remembering(protocol=NATIVE), BOTH, ANSWER)
    return log.facts


@settings(max_examples=20, deadline=None)
@given(begun=st.sampled_from(range(len(BEGUN))), at=st.integers(0, 15))
def test_a_fork_verifies_wherever_it_was_made(begun: int, at: int):
    facts = forked(begun, at)

    assert verify(recorded(facts)).difference is None


@settings(max_examples=10, deadline=None)
@given(begun=st.sampled_from(range(len(BEGUN))), at=st.integers(0, 15))
def test_a_fork_without_its_parents_last_event_is_found_out(begun: int, at: int):
    facts = forked(begun, at)
    place = next(n for n, fact in enumerate(facts) if isinstance(fact, events.SessionForked))

    changed = recorded([*facts[: place - 1], *facts[place:]])

    difference = verify(changed).difference
    assert difference is not None
    assert difference.version <= place + 1


def test_a_prompt_from_the_fork_on_begins_otherwise():
    facts = forked(0, 4)
    fork = next(n for n, fact in enumerate(facts) if isinstance(fact, events.SessionForked))
    said = events.SessionForked
    other = [replace(f, system_prompt="Be long.") if isinstance(f, said) else f for f in facts]

    difference = verify(recorded(other)).difference
    assert difference is not None
    assert (difference.kind, difference.version > fork + 1) == ("prompt", True)


def test_what_may_have_run_in_the_parent_waits_for_somebodys_word_in_the_fork():
    call = events.ToolCalled(
        call_id="1.0", tool="pay", arguments={}, effect=events.Effect.AT_MOST_ONCE
    )
    begun = started(tools=(PAY,))
    said = events.CompletionReceived(
        step=1, text="Action: pay {}", model="m", prompt_digest="0" * 64
    )

    state = fold((begun, said, call, FORKED))

    assert state.doubtful == ("1.0",)


def test_a_fork_goes_on_from_a_session_that_has_ended():
    ended = fold((started(), events.SessionFailed(cause="deadline")))

    state = fold((FORKED,), ended)

    assert (ended.status, state.status, state.cause) == (Status.FAILED, Status.RUNNING, None)
    assert state.started is not None
    assert (state.started.system_prompt, state.started.model) == ("Be brief.", "scripted:other")


def test_a_fork_reads_no_newer_mind_than_it_was_given():
    facts = forked(0, 0, replace(FORKED, mind=events.MindVersions(memory=0, graph=0)))

    difference = verify(recorded(facts)).difference

    assert difference is not None
    assert "memory at version 0" in difference.expected


@pytest.mark.parametrize("at", [1, 2])
def test_a_fork_that_was_never_driven_verifies(at: int):
    facts = forked(0, at)
    place = next(n for n, fact in enumerate(facts) if isinstance(fact, events.SessionForked))

    assert verify(recorded(facts[: place + 1])).difference is None
